"""Logits to calibrated probabilities, and when to say ``unknown``. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from protocol.labels import UNKNOWN


def probabilities(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Softmax of logits (n, k) over a temperature (Guo et al., ICML 2017); rows sum to one.

    Raises:
        ValueError: the temperature is not positive.
    """
    if not temperature > 0:
        raise ValueError(f"a temperature is positive, got {temperature}")
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def decide(probability: NDArray[np.float64], classes: Sequence[str], threshold: float) -> tuple[str, float]:
    """(shape, confidence) of one row (k,): the likeliest class, or ``unknown`` when that is under `threshold`."""
    best = int(np.argmax(probability))
    confidence = float(probability[best])
    return (classes[best] if confidence >= threshold else UNKNOWN), confidence

"""The two networks, as the core sees them: callables and their cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol.model_card import ModelCard

Detect = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Channels (2, h, w) at the detector's pixel size to probabilities (3, h, w): particle, centre, border."""

Classify = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Patches (n, 1, p, p) to logits (n, k)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """A detector and a classifier that belong together."""

    detect: Detect
    """Channels (2, h, w) to score maps (3, h, w)."""
    classify: Classify
    """Patches (n, 1, p, p) to logits (n, k)."""
    detector_card: ModelCard
    """Of the network behind `detect`."""
    classifier_card: ModelCard
    """Of the network behind `classify`."""
    backend: str
    """What computes, as shown to the user: ``onnxruntime-cpu int8 on AVX-512 VNNI``, ``tensorrt fp16 on NVIDIA …``."""
    warnings: tuple[str, ...] = ()
    """What was refused when the networks were loaded, or could not be checked; a user must see it."""

    @property
    def model(self) -> str:
        """Version and short hashes of the two networks: ``model 4 (cc94903f, 7949fb39)``."""
        cards = (self.detector_card, self.classifier_card)
        if len({card.label for card in cards}) == 1:
            return f"{cards[0].label} ({', '.join(card.model_sha256[:8] for card in cards)})"
        return ", ".join(f"{card.role} {card.label} ({card.model_sha256[:8]})" for card in cards)

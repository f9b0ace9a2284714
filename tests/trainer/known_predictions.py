"""Answers of a classifier made by hand, so that each number is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.core.calibration import probabilities
from trainer.data.dataset import METADATA
from trainer.evaluation.predictions import Predictions


def metadata_of(
    labels: Sequence[int], waves: Sequence[int] | None = None, **columns: object
) -> dict[str, NDArray[Any]]:
    """A dataset's metadata; where nothing else is said each is a structure of its own, corrected, at 1000 e/Å²."""
    n = len(labels)
    metadata: dict[str, NDArray[Any]] = {key: np.ones(n) for key in METADATA}
    metadata["label"], metadata["wave"] = np.array(labels), np.arange(n) if waves is None else np.array(waves)
    metadata["element"] = np.full(n, "Au")
    metadata["dose_e_per_a2"] = np.full(n, 1000.0)
    for key, value in columns.items():
        metadata[key] = np.broadcast_to(np.asarray(value), n).copy()
    return metadata


def sure(answers: Sequence[int], confidence: float | Sequence[float], classes: int = 2) -> NDArray[np.float64]:
    """(n, k): so much for each answer, the rest shared evenly."""
    named = np.broadcast_to(np.asarray(confidence, dtype=np.float64), len(answers))
    p = np.repeat(((1 - named) / (classes - 1))[:, None], classes, 1)
    p[np.arange(len(answers)), answers] = named
    return p


def predictions_of(
    p: NDArray[np.float64],
    metadata: dict[str, NDArray[Any]],
    calibration: Sequence[bool] | NDArray[np.bool_] | bool = False,
    *,
    threshold: float = 0.7,
    error_level: float = 0.10,
) -> Predictions:
    """Predictions whose temperature is one."""
    logits = np.log(np.clip(p, 1e-12, None))
    return Predictions(
        logits=logits,
        p=probabilities(logits, 1.0),
        metadata=metadata,
        calibration=np.broadcast_to(np.asarray(calibration), len(p)).copy(),
        temperature=1.0,
        threshold=threshold,
        error_level=error_level,
    )


def cells(text: str, first: str) -> list[list[str]]:
    """The other cells of every table line that begins so."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return [line[1:] for line in lines if line[0] == first]

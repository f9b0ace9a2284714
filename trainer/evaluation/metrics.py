"""Accuracy of patches that have a class: of all, by class, by condition, and of several views fused."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.core.calibration import probabilities
from trainer.evaluation.calibration import expected_calibration_error
from trainer.evaluation.predictions import Metadata
from trainer.evaluation.selective import coverage_at

BINS = {
    "dose_e_per_a2": (0, 100, 300, 1000, 3000, 20000),
    "defocus_nm": (0, 2.5, 5, 10, 15, 20.1),
    "diameter_nm": (3.5, 5, 6, 7, 8.3),
    "pixel_size_nm": (0.019, 0.03, 0.04, 0.05, 0.061),
    "film_nm": (0, 0.5, 2, 4, 6.1),
    "zone_deg": (0, 5, 10, 15, 30),
}
"""Edges of the tables by column of the metadata; of the defocus, its magnitude."""
FEWEST = 20
"""A bin with fewer patches has no measure of its own."""


def classifier_measures(p: NDArray[np.float64], metadata: Metadata) -> dict[str, float]:
    """Accuracy, calibration and coverage of probabilities (n, k) of patches that have a class; and by condition.

    Raises:
        ValueError: there are no patches.
    """
    labels = metadata["label"]
    if not len(labels):
        raise ValueError("patches of the test split were promised, got none of the stated doses")
    right = p.argmax(1) == labels
    measures = {
        "patches": float(len(labels)),
        "structures": float(len(np.unique(metadata["wave"]))),
        "accuracy": float(right.mean()),
        "expected_calibration_error": expected_calibration_error(p, labels),
    }
    for level in (0.90, 0.95, 0.99):
        measures[f"coverage_at_{level:.2f}"] = coverage_at(p, labels, level)
    for key, edges in BINS.items():
        values = np.abs(metadata[key])
        for low, high in itertools.pairwise(edges):
            inside = (values >= low) & (values < high)
            if inside.sum() >= FEWEST:
                measures[f"accuracy_{key}_{low:g}_{high:g}"] = float(right[inside].mean())
    return {name: round(value, 4) for name, value in measures.items()}


def class_accuracy(p: NDArray[np.float64], labels: NDArray[np.integer], classes: Sequence[str]) -> dict[str, float]:
    """Recall of every class, from probabilities (n, k) and labels (n,)."""
    return {
        name: round(float((p[labels == number].argmax(1) == number).mean()), 4) for number, name in enumerate(classes)
    }


def accuracy_of(p: NDArray[np.float64], labels: NDArray[np.integer]) -> float:
    """Share of probabilities (n, k) whose likeliest class is the label (n,)."""
    return float((p.argmax(1) == labels).mean())


def fused_views(
    p: NDArray[np.float64], metadata: Metadata, views: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(probabilities (s, k), labels (s,)) of every structure that has so many views: as many at random, fused as the
    agent fuses the detections of a track (mean of the logarithms).

    Args:
        p: (n, k), of single views.
        metadata: of the n views.
        views: per structure.
        rng: of the choice of views.
    """
    # The views in random order, then sorted by structure: the first ones of each structure are a random choice.
    order = rng.permutation(len(p))
    structures = metadata["wave"][order]
    _, first, count = np.unique(structures, return_index=True, return_counts=True)
    by_structure = np.argsort(structures, kind="stable")
    starts, enough = np.cumsum(count) - count, count >= views
    chosen = order[by_structure[np.add.outer(starts[enough], np.arange(views))]]
    return (
        probabilities(np.log(np.clip(p, 1e-9, None))[chosen].mean(1), 1.0),
        metadata["label"][order][first[enough]].astype(np.int64),
    )

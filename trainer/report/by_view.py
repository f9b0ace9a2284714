"""Section of the report on doubt by view and dose: a network sure on average may be too sure where it sees least."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.evaluation.calibration import calibration_error_by_chance, expected_calibration_error
from trainer.evaluation.metrics import BINS
from trainer.evaluation.predictions import Answered, Predictions
from trainer.report.tables import CONDITION_NAMES, accuracy_cells, interval, table

HEAD = (
    *("mean confidence, %", "accuracy, %", "95 % interval", "confidence less accuracy"),
    *("calibration error", "of it by chance", "images", "structures"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewBin:
    """Answers to patches of one bin of a condition: how sure they are, and how often they are right."""

    low: float
    """Lower edge of the bin, which belongs to it."""
    high: float
    """Upper edge, which belongs to the next one."""
    confidence: float
    """Mean."""
    accuracy: float
    """Share that is right."""
    within: bool
    """The confidence lies in the 95 % interval of the accuracy."""
    error: float
    """Expected calibration error."""
    by_chance: float
    """What it would be on average, were every probability exactly right."""
    cells: tuple[str, ...]
    """Of the accuracy, as `accuracy_cells`."""


def confidence_by(answered: Answered, key: str, edges: Sequence[float]) -> list[ViewBin]:
    """Confidence against accuracy in bins of a condition; bins without answers are left out.

    Args:
        answered: probabilities (n, k) and metadata.
        key: the condition's column of the metadata.
        edges: of the bins, rising.
    """
    p, metadata = answered
    bins = []
    for low, high in itertools.pairwise(edges):
        inside = (metadata[key] >= low) & (metadata[key] < high)
        if not inside.any():
            continue
        labels, structures = metadata["label"][inside], metadata["wave"][inside]
        right = p[inside].argmax(1) == labels
        confidence = float(p[inside].max(1).mean())
        # Structures, not images, count for the interval: views of one structure are not independent.
        least, most = interval(right, structures)
        bins.append(
            ViewBin(
                low=low,
                high=high,
                confidence=confidence,
                accuracy=float(right.mean()),
                within=least <= confidence <= most,
                error=expected_calibration_error(p[inside], labels),
                by_chance=calibration_error_by_chance(p[inside], np.random.default_rng(0)),
                cells=tuple(accuracy_cells(right, structures)),
            )
        )
    return bins


def views_section(predictions: Predictions, least_dose: float) -> str:
    """By angle to a zone axis at the stated doses, and by dose without a lower limit, on the test split."""
    blocks = []
    for key, least in (("zone_deg", least_dose), ("dose_e_per_a2", 0.0)):
        bins = confidence_by(predictions.test_split(least_dose=least), key, BINS[key])
        blocks += [table((CONDITION_NAMES[key], *HEAD), [_line(view) for view in bins]), _sentence(bins)]
    return "\n\n".join(blocks)


def _line(view: ViewBin) -> tuple[str, ...]:
    """The cells below `HEAD`, after the bin's edges."""
    accuracy, interval_text, images, structures = view.cells
    gap = f"{100 * (view.confidence - view.accuracy):+.1f}"
    errors = (f"{view.error:.3f}", f"{view.by_chance:.3f}")
    edges = f"{view.low:g}–{view.high:g}"
    return (edges, f"{100 * view.confidence:.1f}", accuracy, interval_text, gap, *errors, images, structures)


def _sentence(bins: Sequence[ViewBin]) -> str:
    """What the table says, in words that follow its numbers."""
    if not bins:
        return "The test split has no such image."
    gaps = [100 * (view.confidence - view.accuracy) for view in bins]
    surest = max(bins, key=lambda view: view.confidence)
    best = max(bins, key=lambda view: view.accuracy)
    return (
        f"The confidence lies in the interval of the accuracy in {sum(view.within for view in bins)} of {len(bins)} "
        f"lines; it is off by {min(gaps):+.1f} to {max(gaps):+.1f} points. Surest at {surest.low:g}–{surest.high:g}, "
        f"right most often at {best.low:g}–{best.high:g}."
    )

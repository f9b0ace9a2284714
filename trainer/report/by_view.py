"""Section of the report on doubt by view and dose: a network sure on average may be too sure where it sees least."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.evaluation.calibration import calibration_error_by_chance, expected_calibration_error
from trainer.evaluation.predictions import BINS, Judgement
from trainer.report.classification import NAMES, Answered
from trainer.report.tables import accuracy_cells, interval, table

HEAD = (
    *("mean confidence, %", "accuracy, %", "95 % interval", "confidence less accuracy"),
    *("calibration error", "of it by chance", "images", "structures"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Answers to patches of one bin of a condition."""

    low: float
    high: float
    """Edges of the bin."""
    confidence: float
    """Mean."""
    accuracy: float
    within: bool
    """The confidence lies in the 95 % interval of the accuracy."""
    error: float
    """Expected calibration error."""
    by_chance: float
    """What it would be on average, were every probability exactly right."""
    cells: tuple[str, ...]
    """Of the accuracy, as `accuracy_cells`."""


def doubt_by(answered: Answered, key: str, edges: Sequence[float]) -> list[Doubt]:
    """Confidence against accuracy in bins of a condition; bins without answers are left out."""
    p, rows = answered
    found = []
    for low, high in itertools.pairwise(edges):
        inside = (rows[key] >= low) & (rows[key] < high)
        if not inside.any():
            continue
        own, labels, waves = p[inside], rows["label"][inside], rows["wave"][inside]
        right = own.argmax(1) == labels
        confidence = float(own.max(1).mean())
        least, most = interval(right, waves)
        found.append(
            Doubt(
                low=low,
                high=high,
                confidence=confidence,
                accuracy=float(right.mean()),
                within=least <= confidence <= most,
                error=expected_calibration_error(own, labels),
                by_chance=calibration_error_by_chance(own, np.random.default_rng(0)),
                cells=tuple(accuracy_cells(right, waves)),
            )
        )
    return found


def views_section(judged: Judgement, least_dose: float) -> str:
    """By angle to a zone axis at the stated doses, and by dose without a lower limit, on the measured half."""
    blocks = []
    for key, least in (("zone_deg", least_dose), ("dose_e_per_a2", 0.0)):
        found = doubt_by(judged.measured(least_dose=least), key, BINS[key])
        blocks += [table((NAMES[key], *HEAD), [_line(d) for d in found]), _sentence(found)]
    return "\n\n".join(blocks)


def _line(d: Doubt) -> tuple[str, ...]:
    accuracy, within, images, structures = d.cells
    gap = f"{100 * (d.confidence - d.accuracy):+.1f}"
    doubt = (f"{100 * d.confidence:.1f}", accuracy, within, gap, f"{d.error:.3f}", f"{d.by_chance:.3f}")
    return (f"{d.low:g}–{d.high:g}", *doubt, images, structures)


def _sentence(found: Sequence[Doubt]) -> str:
    """What the table says, in words that follow its numbers."""
    if not found:
        return "The measured half has no such image."
    gaps = [100 * (d.confidence - d.accuracy) for d in found]
    surest, best = max(found, key=lambda d: d.confidence), max(found, key=lambda d: d.accuracy)
    return (
        f"The confidence lies in the interval of the accuracy in {sum(d.within for d in found)} of {len(found)} lines; "
        f"it is off by {min(gaps):+.1f} to {max(gaps):+.1f} points. Surest at {surest.low:g}–{surest.high:g}, right "
        f"most often at {best.low:g}–{best.high:g}."
    )

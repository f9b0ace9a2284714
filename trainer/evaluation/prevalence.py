"""How often the stated interval of a class fraction holds the truth, on populations drawn from real answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.core.statistics.prevalence import corrected_fractions
from trainer.evaluation.calibration import confusion_counts

POPULATIONS = {
    "equal": (0.2, 0.2, 0.2, 0.2, 0.2),
    "mixed": (0.5, 0.3, 0.1, 0.07, 0.03),
    "90/10": (0.9, 0.1, 0.0, 0.0, 0.0),
}
SIZES = (30, 100, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Of many simulated populations of one kind."""

    largest: float
    """Share of the largest true fractions that lay in their intervals."""
    present: float
    """The same of all that are not zero."""
    absent: float
    """The same of those that are zero; NaN when none is. An interval that begins at zero holds them easily, so they
    would hide what the others lack."""
    width: float
    """Mean width of the intervals."""
    error: float
    """Mean distance of the corrected fractions from the true ones."""
    plain_error: float
    """The same of plain counting of the named."""
    populations: int


def interval_coverage(
    p: NDArray[np.float64],
    rows: dict[str, NDArray[Any]],
    threshold: float,
    fractions: Sequence[float],
    size: int,
    draws: int,
    rng: np.random.Generator,
) -> Coverage:
    """Draw populations and count.

    Every time the structures are halved anew: one half gives the matrix, its views of a structure counting one
    together; from the other half come the particles, a structure of the class at random and a view of it at random.
    Which class dominates is drawn as well.

    Raises:
        ValueError: a class has so few structures that a half holds none.
    """
    classes = p.shape[1]
    answers = np.where(p.max(1) >= threshold, p.argmax(1), classes)
    waves, first, structure = np.unique(rows["wave"], return_index=True, return_inverse=True)
    labels = rows["label"][first]
    held, truths, widths, errors, plain = [], [], [], [], []
    for _ in range(draws):
        half = rng.random(len(waves)) < 0.5
        for_matrix = half[structure]
        matrix = confusion_counts(p[for_matrix], rows["label"][for_matrix], threshold, rows["wave"][for_matrix])
        truth = np.array(fractions)[rng.permutation(classes)]
        counts = np.zeros(classes + 1, dtype=np.int64)
        for label, number in enumerate(rng.multinomial(size, truth)):
            allowed = np.flatnonzero(~half & (labels == label))
            if number and not len(allowed):
                raise ValueError(f"{int((labels == label).sum())} structures of class {label} are too few to halve")
            own = answers[_views(structure, allowed, number, rng)]
            counts += np.bincount(own, minlength=classes + 1)
        found, intervals = corrected_fractions(counts, matrix)
        held.append((intervals[:, 0] <= truth) & (truth <= intervals[:, 1]))
        truths.append(truth)
        widths.append(np.diff(intervals).mean())
        if counts[:-1].any():
            errors.append(np.abs(found - truth).mean())
            plain.append(np.abs(counts[:-1] / counts[:-1].sum() - truth).mean())
    within, drawn = np.array(held), np.array(truths)
    return Coverage(
        largest=_share(within, drawn == max(fractions)),
        present=_share(within, drawn > 0),
        absent=_share(within, drawn == 0),
        width=float(np.mean(widths)),
        error=float(np.mean(errors)) if errors else float("nan"),
        plain_error=float(np.mean(plain)) if plain else float("nan"),
        populations=draws,
    )


def _share(within: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> float:
    return float(within[chosen].mean()) if chosen.any() else float("nan")


def _views(
    structure: NDArray[np.integer], allowed: NDArray[np.integer], number: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Row numbers: `number` structures of the allowed ones, drawn with return, and a view of each."""
    if not number:
        return np.empty(0, dtype=np.int64)
    order = np.argsort(structure, kind="stable")
    start = np.searchsorted(structure[order], np.arange(int(structure.max()) + 2))
    chosen = rng.choice(allowed, number)
    views = start[chosen] + (rng.random(number) * (start[chosen + 1] - start[chosen])).astype(np.int64)
    return np.asarray(order[views])

"""How often the stated interval of a class fraction holds the truth, on populations drawn from real answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.core.statistics.prevalence import corrected_fractions
from trainer.evaluation.calibration import confusion_counts

MIXED = (0.5, 0.3, 0.1, 0.07, 0.03)
"""Fractions of a population in which every class is rarer than the one before."""
SIZES = (30, 100, 1000)
"""Numbers of particles in a population."""


def populations(classes: int) -> dict[str, tuple[float, ...]]:
    """Fractions of so many classes, by the name of the kind of population.

    Raises:
        ValueError: fewer than two classes make no population.
    """
    if classes < 2:
        raise ValueError(f"a population needs two classes or more, got {classes}")
    # With fewer classes than MIXED the rarest ones are one class; with more, the last ones are absent.
    rest = sum(MIXED[classes - 1 :])
    mixed = (*MIXED[: classes - 1], rest) + (0.0,) * (classes - 1 - len(MIXED))
    return {
        "equal": (1 / classes,) * classes,
        "mixed": mixed[:classes],
        "90/10": (0.9, 0.1) + (0.0,) * (classes - 2),
    }


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
    """Mean distance of the corrected fractions from the true ones; NaN when no particle was named."""
    plain_error: float
    """The same of plain counting of the named."""
    populations: int
    """How many were drawn."""


def interval_coverage(
    p: NDArray[np.float64],
    metadata: dict[str, NDArray[Any]],
    threshold: float,
    fractions: Sequence[float],
    size: int,
    draws: int,
    rng: np.random.Generator,
) -> Coverage:
    """Draw populations and count how often the intervals hold.

    Every time the structures are halved anew: one half gives the confusion matrix, its views of a structure counting
    one together; from the other half come the particles, a structure of the class at random and a view of it at
    random. Which class dominates is drawn as well.

    Args:
        p: calibrated probabilities (n, k).
        metadata: `label` and `wave` (the structure's index), (n,) each.
        threshold: confidence below which an answer is ``unknown``.
        fractions: k of them, of the classes in an order that is drawn.
        size: number of particles in a population.
        draws: number of populations.
        rng: of all draws.

    Raises:
        ValueError: a class has so few structures that a half holds none.
    """
    classes = p.shape[1]
    answers = np.where(p.max(1) >= threshold, p.argmax(1), classes)
    structures, first, structure = np.unique(metadata["wave"], return_index=True, return_inverse=True)
    labels = metadata["label"][first]
    within, truths, widths, errors, plain_errors = [], [], [], [], []
    for _ in range(draws):
        # 1) One half of the structures says how the classifier confuses.
        half = rng.random(len(structures)) < 0.5
        views = half[structure]
        matrix = confusion_counts(p[views], metadata["label"][views], threshold, metadata["wave"][views])
        # 2) The other half gives a population of known fractions, and the answers to it are counted.
        truth = np.array(fractions)[rng.permutation(classes)]
        counts = np.zeros(classes + 1, dtype=np.int64)
        for label, number in enumerate(rng.multinomial(size, truth)):
            allowed = np.flatnonzero(~half & (labels == label))
            if number and not len(allowed):
                raise ValueError(f"{int((labels == label).sum())} structures of class {label} are too few to halve")
            drawn = answers[_views(structure, allowed, number, rng)]
            counts += np.bincount(drawn, minlength=classes + 1)
        # 3) The agent's own estimate from the counts, held against the truth.
        estimate, intervals = corrected_fractions(counts, matrix)
        within.append((intervals[:, 0] <= truth) & (truth <= intervals[:, 1]))
        truths.append(truth)
        widths.append(np.diff(intervals).mean())
        if counts[:-1].any():
            errors.append(np.abs(estimate - truth).mean())
            plain_errors.append(np.abs(counts[:-1] / counts[:-1].sum() - truth).mean())
    held, true = np.array(within), np.array(truths)
    return Coverage(
        largest=_share(held, true == max(fractions)),
        present=_share(held, true > 0),
        absent=_share(held, true == 0),
        width=float(np.mean(widths)),
        error=float(np.mean(errors)) if errors else float("nan"),
        plain_error=float(np.mean(plain_errors)) if plain_errors else float("nan"),
        populations=draws,
    )


def _share(held: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> float:
    return float(held[chosen].mean()) if chosen.any() else float("nan")


def _views(
    structure: NDArray[np.integer], allowed: NDArray[np.integer], number: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Indices (number,) of views: structures of the allowed ones, drawn with return, and a view of each."""
    if not number:
        return np.empty(0, dtype=np.int64)
    # Views sorted by structure: those of structure s begin at start[s].
    order = np.argsort(structure, kind="stable")
    start = np.searchsorted(structure[order], np.arange(int(structure.max()) + 2))
    chosen = rng.choice(allowed, number)
    views = start[chosen] + (rng.random(number) * (start[chosen + 1] - start[chosen])).astype(np.int64)
    return np.asarray(order[views])

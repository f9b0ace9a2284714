"""Answering only what is sure: risk and coverage, and the confidence below which the answer must be ``unknown``.

Probabilities are (n, k), labels (n,) numbers of classes: what has no class does not belong here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BETS = np.linspace(0.05, 0.95, 19)
"""Shares of the wealth that are staked in `evidence`."""


def risk_coverage(
    p: NDArray[np.float64], labels: NDArray[np.integer], score: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(share answered, accuracy among them), the surest first; sure by `score` (n,), by default the confidence."""
    order = np.argsort(-(p.max(1) if score is None else score), kind="stable")
    right = (p.argmax(1) == labels)[order]
    count = np.arange(1, len(right) + 1)
    return count / len(right), np.cumsum(right) / count


def coverage_at(p: NDArray[np.float64], labels: NDArray[np.integer], accuracy: float) -> float:
    """Largest share that can be answered with at least this accuracy; p (n, k), labels (n,)."""
    share, reached = risk_coverage(p, labels)
    good = np.flatnonzero(reached >= accuracy)
    return float(share[good[-1]]) if good.size else 0.0


def accuracy_on_surest(p: NDArray[np.float64], labels: NDArray[np.integer], share: float) -> float:
    """Accuracy of the given share of answers, the surest ones; NaN when that is not one answer.

    Probabilities are (n, k), labels (n,).
    """
    count = int(share * len(labels) + 1e-9)
    return float(risk_coverage(p, labels)[1][count - 1]) if count else float("nan")


def evidence(losses: NDArray[np.float64], error_level: float) -> float:
    """How strongly losses (n,), each from 0 to 1, speak against a mean of `error_level` or more.

    The mean wealth of gamblers who stake a share on every loss being under the level: a non-negative number that
    exceeds 1 / d with a chance of at most d when the mean is that high, for any n and any distribution (betting:
    I. Waudby-Smith and A. Ramdas, J. R. Stat. Soc. B 86 (2024) 1; Markov's inequality).
    """
    stakes = BETS / (1 - error_level)
    return float(np.exp(np.log1p(-np.multiply.outer(stakes, losses - error_level)).sum(1)).mean())


def threshold_for(
    p: NDArray[np.float64],
    labels: NDArray[np.integer],
    groups: NDArray[np.integer],
    error_level: float,
    *,
    trust: float = 0.95,
) -> float:
    """The smallest confidence above which answers err less often than `error_level`, with probability `trust`.

    Fixed-sequence testing from sure to doubtful (Angelopoulos et al., *Learn then Test*, 2021) in steps of 0.01. Views
    of one structure (`groups`) are not independent, so a structure is one draw: its loss is the share of errors among
    its answered views. The sequence begins where enough structures are answered for a test to pass in spite of some
    errors. Returns 1 when no threshold passes: then everything is ``unknown``.

    Args:
        p: probabilities (n, k).
        labels: (n,), the true class of each.
        groups: (n,), the structure that each is a view of.
        error_level: of the answers.
        trust: chance that the promise is kept.
    """
    confidence, wrong = p.max(1), p.argmax(1) != labels
    _, structure = np.unique(groups, return_inverse=True)
    enough = 3 * np.log(1 / (1 - trust)) / -np.log1p(-error_level)
    passed = 1.0
    for threshold in np.arange(0.99, 0.2, -0.01):
        answered = confidence >= threshold
        # Of every structure the views that are answered, and the share of errors among them.
        views = np.bincount(structure, answered)
        seen = views > 0
        if seen.sum() < enough:
            continue
        losses = np.bincount(structure, wrong & answered)[seen] / views[seen]
        # The first threshold that fails ends the sequence: later ones may not be tried.
        if evidence(losses, error_level) < 1 / (1 - trust):
            break
        passed = float(threshold)
    return round(passed, 2)

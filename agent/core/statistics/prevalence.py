"""Counted answers to class fractions with intervals, corrected for what the classifier confuses. Pure.

The answers are multinomial with probabilities f^T M, where f are the fractions and the rows of M (k, k + 1) say how
often each class is answered as each, or ``unknown`` (*quantification*: G. Forman, Data Min. Knowl. Disc. 17 (2008)
164). M itself is known from counts only. Both are found together by expectation maximisation; the 95 % interval of a
fraction holds the values whose profile likelihood, over all else that is not known, is within chi^2 = 3.84 of the best
(S. S. Wilks, Ann. Math. Stat. 9 (1938) 60).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = 120
WITHIN = 3.84
"""95 % quantile of chi^2 with one degree of freedom."""
PSEUDO_COUNT = 0.5
"""Added to every count of confusions (Jeffreys)."""
PROBES = (np.arange(1, 13) / 12) ** 2
"""Where the likelihood is asked on either side of the best fraction, as shares of the way to 0 and to 1."""


def wilson(count: float, total: float, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % score interval of a fraction (J. Am. Stat. Assoc. 22 (1927) 209); (0, 1) without data."""
    if total <= 0:
        return 0.0, 1.0
    share, weight = count / total, z * z / total
    middle = (share + weight / 2) / (1 + weight)
    half = z * np.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def corrected_fractions(
    answers: NDArray[np.integer], confusion: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(fractions (k,), intervals (k, 2)) from answer counts (k + 1,) and confusion counts (k, k + 1).

    The counts of confusions are of independent particles: views of one particle weigh one together. Without a single
    named particle the fractions are NaN and the intervals 0 to 1.
    """
    classes = len(confusion)
    if int(np.sum(answers[:-1])) == 0:
        return np.full(classes, np.nan), np.tile([0.0, 1.0], (classes, 1))
    counted = np.asarray(answers, dtype=np.float64)
    prior = np.asarray(confusion, dtype=np.float64) + PSEUDO_COUNT
    # The likeliest fractions, then the likelihood with each fraction in turn held at some values beside them.
    best = _maximise(counted, prior, np.array([-1]), np.zeros(1), 3 * STEPS)[0][0]
    values = np.stack([best[:, None] * (1 - PROBES), best[:, None] + (1 - best[:, None]) * PROBES], 1)
    held = np.repeat(np.arange(classes), 2 * len(PROBES) + 1)
    asked = np.concatenate([values.reshape(classes, -1), best[:, None]], 1)
    likelihood = _maximise(counted, prior, held, asked.ravel(), STEPS)[1].reshape(asked.shape)
    # The square root of a likelihood ratio is nearly linear in the fraction: few probes are enough.
    away = np.sqrt(np.maximum(2 * (likelihood.max() - likelihood[:, :-1]), 0)).reshape(values.shape)
    intervals = [
        [_crossing(best[c], values[c, side], away[c, side], float(side)) for side in (0, 1)] for c in range(classes)
    ]
    return best, np.array(intervals)


def _crossing(best: float, values: NDArray[np.float64], away: NDArray[np.float64], end: float) -> float:
    """The value at which the likelihood has fallen too far, or the end of the scale."""
    rising = np.maximum.accumulate(np.append(0.0, away))
    limit = float(np.sqrt(WITHIN))
    return end if rising[-1] < limit else float(np.interp(limit, rising, np.append(best, values)))


def _maximise(
    answers: NDArray[np.float64],
    prior: NDArray[np.float64],
    held: NDArray[np.integer],
    value: NDArray[np.float64],
    steps: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(fractions (r, k), log-likelihoods (r,)) of r runs; in each, fraction `held` stays at `value` (-1: none)."""
    classes = len(prior)
    fixed = np.arange(classes) == held[:, None]
    rest = np.where(held < 0, 1.0, 1 - value)[:, None]
    fractions = np.where(fixed, value[:, None], rest / np.maximum((~fixed).sum(1, keepdims=True), 1))
    matrices = np.repeat((prior / prior.sum(1, keepdims=True))[None], len(held), 0)
    rows = prior.sum(1)
    # Expectation: which answers came of which class. Maximisation: fractions and confusions that fit them best.
    for _ in range(steps):
        expected = np.matmul(fractions[:, None, :], matrices)
        shared = matrices * (answers / expected) * fractions[:, :, None]
        counts = shared.sum(2)
        matrices = (shared + prior) / (counts + rows)[:, :, None]
        free = np.where(fixed, 0.0, counts + 1e-12)
        fractions = np.where(fixed, value[:, None], rest * free / free.sum(1, keepdims=True))
    expected = np.matmul(fractions[:, None, :], matrices)[:, 0]
    return fractions, (answers * np.log(expected)).sum(1) + (prior * np.log(matrices)).sum((1, 2))

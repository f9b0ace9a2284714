"""Counted answers to class fractions with intervals, corrected for what the classifier confuses. Pure.

The answers are multinomial with probabilities f^T M, where f are the fractions and M (k, k + 1) says how often each
class is answered as each, or ``unknown``. f is found by expectation maximisation; its 95 % interval by a parametric
bootstrap in which M is drawn from its own Dirichlet posterior (B. Efron 1979; J. Forman, Data Min. Knowl. Disc. 17
(2008) 164 names the problem *quantification*).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DRAWS = 200
STEPS = 200


def wilson(count: float, total: float, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % score interval of a fraction (J. Am. Stat. Assoc. 22 (1927) 209); (0, 1) without data."""
    if total <= 0:
        return 0.0, 1.0
    share, weight = count / total, z * z / total
    middle = (share + weight / 2) / (1 + weight)
    half = z * np.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def corrected_fractions(
    answers: NDArray[np.integer], confusion: NDArray[np.floating], *, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(fractions (k,), intervals (k, 2)) from answer counts (k + 1,) and confusion counts (k, k + 1).

    Without a single named particle the fractions are NaN and the intervals 0 to 1.
    """
    total = int(np.sum(answers))
    if int(np.sum(answers[:-1])) == 0:
        return np.full(len(confusion), np.nan), np.tile([0.0, 1.0], (len(confusion), 1))
    posterior = np.asarray(confusion, dtype=np.float64) + 0.5
    counted = np.asarray(answers, dtype=np.float64)
    best = _maximise(counted[None], (posterior / posterior.sum(1, keepdims=True))[None])[0]
    rng = np.random.default_rng([seed, total])
    matrices = np.stack([rng.dirichlet(row, DRAWS) for row in posterior], 1)
    fractions = rng.dirichlet(best * total + 0.5, DRAWS)
    redrawn = rng.multinomial(total, np.einsum("dk,dka->da", fractions, matrices)).astype(np.float64)
    low, high = np.quantile(_maximise(redrawn, matrices), [0.025, 0.975], axis=0)
    return best, np.stack([np.minimum(low, best), np.maximum(high, best)], 1)


def _maximise(answers: NDArray[np.float64], matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expectation maximisation of the fractions (d, k) of answers (d, a) under matrices (d, k, a)."""
    draws, classes, _ = matrices.shape
    fractions = np.full((draws, classes), 1 / classes)
    shares = answers / answers.sum(1, keepdims=True)
    for _ in range(STEPS):
        expected = np.matmul(fractions[:, None, :], matrices)[:, 0]
        fractions = fractions * np.matmul(matrices, (shares / np.maximum(expected, 1e-12))[:, :, None])[:, :, 0]
    return np.asarray(fractions)

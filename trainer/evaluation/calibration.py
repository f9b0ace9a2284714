"""How far to trust a classifier: temperature, reliability, and the confidence below which it must say ``unknown``.

Probabilities are (n, k), labels (n,) numbers of classes: what has no class does not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from agent.core.calibration import probabilities
from agent.core.statistics.prevalence import wilson

BINS = 15
BETS = np.linspace(0.05, 0.95, 19)
"""Shares of the wealth that are staked in `evidence`."""


def negative_log_likelihood(p: NDArray[np.float64], labels: NDArray[np.integer]) -> float:
    """Mean of -ln of the true class's probability."""
    return float(-np.log(np.clip(p[np.arange(len(labels)), labels], 1e-12, None)).mean())


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The temperature of least negative log-likelihood (Guo et al., ICML 2017), between 0.2 and 5."""

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(probabilities(logits, float(np.exp(log_temperature))), labels)

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded").x))


def fit_vector(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """(2, k): factor and summand of every logit, of least negative log-likelihood (vector scaling, Guo et al.)."""
    k = logits.shape[1]

    def loss(flat: NDArray[np.float64]) -> float:
        return negative_log_likelihood(probabilities(logits * flat[:k] + flat[k:], 1.0), labels)

    found = minimize(loss, np.r_[np.full(k, 1 / fit_temperature(logits, labels)), np.zeros(k)], method="L-BFGS-B")
    return np.asarray(found.x.reshape(2, k))


def expected_calibration_error(p: NDArray[np.float64], labels: NDArray[np.integer]) -> float:
    """Mean distance of confidence and accuracy over 15 bins of equal mass."""
    confidence, right = p.max(1), p.argmax(1) == labels
    parts = np.array_split(np.argsort(confidence, kind="stable"), BINS)
    return float(sum(len(b) * abs(confidence[b].mean() - right[b].mean()) for b in parts if len(b)) / len(labels))


def calibration_error_by_chance(p: NDArray[np.float64], rng: np.random.Generator, *, draws: int = 200) -> float:
    """What `expected_calibration_error` gives on average when the probabilities are exactly right: its own bias."""
    edges = p.cumsum(1)
    drawn = [(rng.random(len(p))[:, None] > edges).sum(1).clip(max=p.shape[1] - 1) for _ in range(draws)]
    return float(np.mean([expected_calibration_error(p, labels) for labels in drawn]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Answers of like confidence."""

    confidence: float
    """Mean."""
    accuracy: float
    low: float
    high: float
    """Wilson's 95 % interval of the accuracy, as if images were independent."""
    answers: int


def reliability(p: NDArray[np.float64], labels: NDArray[np.integer]) -> list[ReliabilityBin]:
    """The bins of `expected_calibration_error`, doubtful ones first."""
    confidence, right = p.max(1), p.argmax(1) == labels
    bins = []
    for b in np.array_split(np.argsort(confidence, kind="stable"), BINS):
        if not len(b):
            continue
        low, high = wilson(float(right[b].sum()), len(b))
        bins.append(
            ReliabilityBin(
                confidence=float(confidence[b].mean()),
                accuracy=float(right[b].mean()),
                low=low,
                high=high,
                answers=len(b),
            )
        )
    return bins


def risk_coverage(
    p: NDArray[np.float64], labels: NDArray[np.integer], score: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(share answered, accuracy among them), the surest first; sure by `score` (n,), by default the confidence."""
    order = np.argsort(-(p.max(1) if score is None else score), kind="stable")
    right = (p.argmax(1) == labels)[order]
    count = np.arange(1, len(right) + 1)
    return count / len(right), np.cumsum(right) / count


def coverage_at(p: NDArray[np.float64], labels: NDArray[np.integer], accuracy: float) -> float:
    """Largest share that can be answered with at least this accuracy."""
    share, reached = risk_coverage(p, labels)
    good = np.flatnonzero(reached >= accuracy)
    return float(share[good[-1]]) if good.size else 0.0


def accuracy_on_surest(p: NDArray[np.float64], labels: NDArray[np.integer], share: float) -> float:
    """Accuracy of the given share of answers, the surest ones; NaN when that is not one answer."""
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
    """
    confidence, wrong = p.max(1), p.argmax(1) != labels
    _, structure = np.unique(groups, return_inverse=True)
    enough = 3 * np.log(1 / (1 - trust)) / -np.log1p(-error_level)
    passed = 1.0
    for threshold in np.arange(0.99, 0.2, -0.01):
        answered = confidence >= threshold
        views = np.bincount(structure, answered)
        seen = views > 0
        if seen.sum() < enough:
            continue
        losses = np.bincount(structure, wrong & answered)[seen] / views[seen]
        if evidence(losses, error_level) < 1 / (1 - trust):
            break
        passed = float(threshold)
    return round(passed, 2)


def confusion_counts(
    p: NDArray[np.float64],
    labels: NDArray[np.integer],
    threshold: float,
    groups: NDArray[np.integer] | None = None,
) -> NDArray[np.float64]:
    """(k, k + 1): true class by answer, the last column ``unknown``.

    With `groups` the views of one structure count one together: a sum is then the number of independent particles.
    """
    k = p.shape[1]
    answers = np.where(p.max(1) >= threshold, p.argmax(1), k)
    weights = np.ones(len(labels))
    if groups is not None:
        _, structure, views = np.unique(groups, return_inverse=True, return_counts=True)
        weights = 1 / views[structure]
    counts = np.zeros((k, k + 1))
    np.add.at(counts, (labels, answers), weights)
    return counts

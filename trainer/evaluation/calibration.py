"""How far to trust a classifier's probabilities: temperature, calibration error, reliability, confusion.

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


def negative_log_likelihood(p: NDArray[np.float64], labels: NDArray[np.integer]) -> float:
    """Mean of -ln of the true class's probability; p (n, k), labels (n,)."""
    return float(-np.log(np.clip(p[np.arange(len(labels)), labels], 1e-12, None)).mean())


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The temperature of least negative log-likelihood (Guo et al., ICML 2017), between 0.2 and 5.

    Logits are (n, k), labels (n,).
    """

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
    """Mean distance of confidence and accuracy over 15 bins of equal mass; p (n, k), labels (n,)."""
    confidence, right = p.max(1), p.argmax(1) == labels
    parts = np.array_split(np.argsort(confidence, kind="stable"), BINS)
    return float(sum(len(b) * abs(confidence[b].mean() - right[b].mean()) for b in parts if len(b)) / len(labels))


def calibration_error_by_chance(p: NDArray[np.float64], rng: np.random.Generator, *, draws: int = 200) -> float:
    """What `expected_calibration_error` gives on average when probabilities (n, k) are exactly right: its own bias."""
    # Labels are drawn from the probabilities themselves: the class in whose part of [0, 1) a random number falls.
    edges = p.cumsum(1)
    drawn = [(rng.random(len(p))[:, None] > edges).sum(1).clip(max=p.shape[1] - 1) for _ in range(draws)]
    return float(np.mean([expected_calibration_error(p, labels) for labels in drawn]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Answers of like confidence."""

    confidence: float
    """Mean."""
    accuracy: float
    """Share of the answers that are right."""
    low: float
    """Lower end of Wilson's 95 % interval of the accuracy, as if images were independent."""
    high: float
    """Upper end of it."""
    answers: int
    """How many."""


def reliability(p: NDArray[np.float64], labels: NDArray[np.integer]) -> list[ReliabilityBin]:
    """The bins of `expected_calibration_error`, doubtful ones first; p (n, k), labels (n,)."""
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
    # The answer k stands for `unknown`.
    answers = np.where(p.max(1) >= threshold, p.argmax(1), k)
    weights = np.ones(len(labels))
    if groups is not None:
        _, structure, views = np.unique(groups, return_inverse=True, return_counts=True)
        weights = 1 / views[structure]
    counts = np.zeros((k, k + 1))
    np.add.at(counts, (labels, answers), weights)
    return counts

"""How far to trust a classifier: temperature, reliability, and the confidence below which it must say ``unknown``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import beta

from agent.core.calibrate import probabilities

BINS = 15


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The temperature of least negative log-likelihood (Guo et al., ICML 2017), between 0.2 and 5."""

    def loss(log_temperature: float) -> float:
        p = probabilities(logits, float(np.exp(log_temperature)))
        return float(-np.log(np.clip(p[np.arange(len(labels)), labels], 1e-12, None)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded").x))


def expected_calibration_error(p: NDArray[np.float64], labels: NDArray[np.integer]) -> float:
    """Mean distance of confidence and accuracy over 15 bins of equal mass."""
    confidence, right = p.max(1), p.argmax(1) == labels
    parts = np.array_split(np.argsort(confidence, kind="stable"), BINS)
    return float(sum(len(b) * abs(confidence[b].mean() - right[b].mean()) for b in parts if len(b)) / len(labels))


def risk_coverage(
    p: NDArray[np.float64], labels: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(share answered, accuracy among them), the surest first."""
    order = np.argsort(-p.max(1), kind="stable")
    right = (p.argmax(1) == labels)[order]
    count = np.arange(1, len(right) + 1)
    return count / len(right), np.cumsum(right) / count


def coverage_at(p: NDArray[np.float64], labels: NDArray[np.integer], accuracy: float) -> float:
    """Largest share that can be answered with at least this accuracy."""
    share, reached = risk_coverage(p, labels)
    good = np.flatnonzero(reached >= accuracy)
    return float(share[good[-1]]) if good.size else 0.0


def threshold_for(
    p: NDArray[np.float64],
    labels: NDArray[np.integer],
    groups: NDArray[np.integer],
    error_level: float,
    *,
    trust: float = 0.95,
) -> float:
    """The smallest confidence above which answers err less often than `error_level`, with probability `trust`.

    Fixed-sequence testing from sure to doubtful with Clopper-Pearson bounds (Angelopoulos et al., *Learn then Test*,
    2021). Views of one structure are not independent, so counts are divided by the mean number of views (`groups`).
    Returns 1 when no threshold passes: then everything is ``unknown``.
    """
    views = len(groups) / len(np.unique(groups))
    confidence, wrong = p.max(1), p.argmax(1) != labels
    passed = 1.0
    for threshold in np.arange(0.99, 0.2, -0.01):
        answered = confidence >= threshold
        n, errors = answered.sum() / views, (wrong & answered).sum() / views
        if n < 20 or beta.ppf(trust, errors + 1, max(n - errors, 1e-9)) > error_level:
            if n >= 20:
                break
            continue
        passed = float(threshold)
    return round(passed, 2)


def confusion_counts(p: NDArray[np.float64], labels: NDArray[np.integer], threshold: float) -> NDArray[np.int64]:
    """(k, k + 1): true class by answer, the last column ``unknown``."""
    k = p.shape[1]
    answers = np.where(p.max(1) >= threshold, p.argmax(1), k)
    counts = np.zeros((k, k + 1), dtype=np.int64)
    np.add.at(counts, (labels, answers), 1)
    return counts

"""Risk and coverage, and the threshold that keeps an error level."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.trainer.known_predictions import sure
from trainer.evaluation.selective import accuracy_on_surest, coverage_at, evidence, risk_coverage, threshold_for


def alternating(n: int) -> NDArray[np.int64]:
    return np.arange(n) % 2


def test_risk_and_coverage_answer_the_surest_first() -> None:
    """Right at 0.9, wrong at 0.8, right at 0.7, right at 0.6."""
    p, labels = sure([0, 0, 0, 0], [0.8, 0.9, 0.7, 0.6]), np.array([1, 0, 0, 0])
    share, accuracy = risk_coverage(p, labels)
    np.testing.assert_allclose(share, [1 / 4, 2 / 4, 3 / 4, 1])
    np.testing.assert_allclose(accuracy, [1, 1 / 2, 2 / 3, 3 / 4])
    np.testing.assert_allclose(risk_coverage(p, labels, -p.max(1))[1], [1, 1, 2 / 3, 3 / 4])
    assert coverage_at(p, labels, 0.7) == 1
    assert coverage_at(p, labels, 0.9) == 1 / 4
    assert coverage_at(p[:1], labels[:1], 0.9) == 0
    assert accuracy_on_surest(p, labels, 0.5) == 0.5
    assert np.isnan(accuracy_on_surest(p, labels, 0.2))


def seen_often(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """1500 structures whose 20 views are alike; a confidence c from 0.5 to 1 is right with the chance c."""
    confidence = rng.uniform(0.5, 1, 1500)
    wrong = rng.random(1500) >= confidence
    return (
        np.repeat(sure([0] * 1500, confidence), 20, 0),
        np.repeat(wrong.astype(int), 20),
        np.repeat(np.arange(1500), 20),
    )


def test_the_error_level_is_kept_in_19_of_20_draws() -> None:
    """Above t the errors are (1 - t) / 2: a level of 10 % is broken by every threshold under 0.8."""
    thresholds = [threshold_for(*seen_often(np.random.default_rng(n)), 0.10) for n in range(20)]
    assert sum(t < 0.8 - 1e-9 for t in thresholds) <= 3
    assert np.median(thresholds) < 0.9


def test_evidence_is_the_mean_wealth_of_gamblers_and_twenty_is_what_it_takes() -> None:
    """One who stakes s on a loss being under 0.1 makes 1 + s / 9 of every 1 where there is none. Of a hundred
    structures two errors leave 64, three leave 17.5: not enough, though they are but 3 %."""
    stakes = np.arange(1, 20) / 20
    assert evidence(np.zeros(3), 0.1) == pytest.approx(((1 + stakes / 9) ** 3).mean())
    assert evidence(np.ones(1), 0.1) == pytest.approx((1 - stakes).mean())
    for errors, threshold in ((2, 0.21), (3, 1.0)):
        labels = (np.arange(100) < errors).astype(int)
        assert threshold_for(sure([0] * 100, 0.995), labels, np.arange(100), 0.1) == threshold


def test_a_classifier_that_guesses_is_never_allowed_to_answer_and_a_perfect_one_always() -> None:
    p, waves = sure([0] * 600, 0.95), np.arange(600)
    assert threshold_for(p, alternating(600), waves, 0.10) == 1.0
    assert threshold_for(p, np.zeros(600, dtype=int), waves, 0.10) == 0.21

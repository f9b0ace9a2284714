"""Temperature, calibration error, reliability and confusion, on answers so few that each number is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.trainer.known_predictions import sure
from trainer.evaluation.calibration import (
    calibration_error_by_chance,
    confusion_counts,
    expected_calibration_error,
    fit_temperature,
    fit_vector,
    negative_log_likelihood,
    reliability,
)


def alternating(n: int) -> NDArray[np.int64]:
    return np.arange(n) % 2


def test_the_calibration_error_is_the_gap_of_confidence_and_accuracy() -> None:
    """Thirty answers of 0.9, in every bin of two one right: |0.9 - 0.5|; and all right: |0.9 - 1|."""
    p = sure([0] * 30, 0.9)
    assert expected_calibration_error(p, alternating(30)) == pytest.approx(0.4)
    assert expected_calibration_error(p, np.zeros(30, dtype=int)) == pytest.approx(0.1)


def test_gaps_of_either_sign_do_not_cancel_across_bins() -> None:
    """15 doubtful answers (0.6) that are right and 15 sure ones (1.0) that are wrong half the time."""
    p = sure([0] * 30, [0.6] * 15 + [1.0] * 15)
    labels = np.r_[np.zeros(15, dtype=int), np.arange(15) % 2]
    # Bins of two by rising confidence: seven of 0.6, one mixed (0.8, both right), seven of 1.0 with one error each.
    assert expected_calibration_error(p, labels) == pytest.approx((14 * 0.4 + 2 * 0.2 + 14 * 0.5) / 30)


def test_by_chance_an_even_bet_of_single_answers_is_always_half_off() -> None:
    rng = np.random.default_rng(1)
    assert calibration_error_by_chance(np.full((15, 2), 0.5), rng) == pytest.approx(0.5)
    assert calibration_error_by_chance(sure([0, 1] * 15, 1.0), rng) == 0


def test_by_chance_more_answers_make_less_error() -> None:
    """A bin of n even bets is off by sqrt(1 / (2 pi n)) on average (the normal limit)."""
    p = np.full((15 * 400, 2), 0.5)
    assert calibration_error_by_chance(p, np.random.default_rng(1)) == pytest.approx(
        (1 / (2 * np.pi * 400)) ** 0.5, 0.05
    )


def test_reliability_has_fifteen_bins_or_as_many_as_there_are_answers() -> None:
    p = sure([0] * 30, np.linspace(0.6, 0.89, 30))
    bins = reliability(p, alternating(30))
    assert [b.answers for b in bins] == [2] * 15
    assert (bins[0].confidence, bins[0].accuracy) == (pytest.approx(0.605), 0.5)
    # Wilson of one in two: (0.25 + z^2 / 4) / ... is symmetric about a half.
    assert bins[0].low + bins[0].high == pytest.approx(1)
    assert len(reliability(p[:4], alternating(4))) == 4


def test_the_temperature_undoes_a_known_sharpening() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 1.5, (4000, 3))
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (rng.random(4000)[:, None] > chances.cumsum(1)).sum(1).clip(max=2)
    assert fit_temperature(2 * logits, labels) == pytest.approx(2, rel=0.07)
    scale, shift = fit_vector(2 * logits + np.array([0, 0, 1.0]), labels)
    np.testing.assert_allclose(scale, 0.5, atol=0.06)
    assert shift[2] - shift[:2].mean() == pytest.approx(-0.5, abs=0.12)
    assert negative_log_likelihood(np.full((7, 4), 0.25), np.arange(7) % 4) == pytest.approx(np.log(4))


def test_confusions_count_images_or_structures_together() -> None:
    p, labels = sure([0, 1, 1, 0], [0.9, 0.9, 0.6, 0.9]), np.array([0, 0, 0, 1])
    np.testing.assert_array_equal(confusion_counts(p, labels, 0.7), [[1, 1, 1], [1, 0, 0]])
    third = confusion_counts(p, labels, 0.7, np.array([4, 4, 4, 9]))
    np.testing.assert_allclose(third, [[1 / 3, 1 / 3, 1 / 3], [1, 0, 0]])


def test_a_view_at_the_threshold_is_named() -> None:
    assert confusion_counts(sure([0], 0.75), np.array([0]), 0.75)[0, 0] == 1

"""Temperature, calibration error, reliability and confusion, on answers so few that each number is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.core.calibration import probabilities
from tests.trainer.evaluation.answers import Answers, answers
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


@given(answers())
def test_the_order_of_the_classes_and_of_the_patches_does_not_matter(given_answers: Answers) -> None:
    logits, labels = given_answers
    p = probabilities(logits, 1.0)
    rng = np.random.default_rng(1)
    classes, patches = rng.permutation(p.shape[1]), rng.permutation(len(p))
    turned, renamed = p[patches][:, classes], np.argsort(classes)[labels[patches]]
    assert expected_calibration_error(turned, renamed) == pytest.approx(expected_calibration_error(p, labels))
    assert negative_log_likelihood(turned, renamed) == pytest.approx(negative_log_likelihood(p, labels))
    columns = np.r_[classes, p.shape[1]]
    np.testing.assert_allclose(
        confusion_counts(turned, renamed, 0.6), confusion_counts(p, labels, 0.6)[classes][:, columns]
    )


@given(answers(), st.floats(0.2, 5))
def test_a_temperature_changes_no_answer_and_the_order_of_no_classes(
    given_answers: Answers, temperature: float
) -> None:
    logits, _ = given_answers
    warm = probabilities(logits, temperature)
    np.testing.assert_array_equal(np.argsort(warm, 1), np.argsort(logits, 1))
    np.testing.assert_allclose(warm.sum(1), 1)


@given(answers(least=10))
def test_no_other_temperature_has_a_smaller_loss_than_the_fitted_one(given_answers: Answers) -> None:
    logits, labels = given_answers

    def loss(temperature: float) -> float:
        return negative_log_likelihood(probabilities(logits, temperature), labels)

    found = fit_temperature(logits, labels)
    assert 0.2 <= found <= 5
    assert loss(found) <= min(loss(t) for t in np.geomspace(0.2, 5, 25)) + 1e-3


@given(answers(least=10), st.floats(0.5, 2))
def test_logits_times_a_factor_have_the_temperature_times_it(given_answers: Answers, factor: float) -> None:
    logits, labels = given_answers
    plain, scaled = fit_temperature(logits, labels), fit_temperature(factor * logits, labels)
    inside = min(plain, scaled, factor * plain) > 0.22
    inside &= max(plain, scaled, factor * plain) < 4.5
    assert not inside or scaled == pytest.approx(factor * plain, rel=0.02)


@given(st.integers(1, 200), st.integers(2, 5))
def test_a_perfect_classifier_has_no_calibration_error_whatever_the_number_of_its_answers(n: int, k: int) -> None:
    labels = np.arange(n) % k
    assert expected_calibration_error(sure(list(labels), 1.0, k), labels) == pytest.approx(0, abs=1e-12)
    assert negative_log_likelihood(sure(list(labels), 1.0, k), labels) == pytest.approx(0)


def test_an_answer_that_is_sure_and_wrong_has_a_loss_that_is_a_number() -> None:
    assert negative_log_likelihood(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-np.log(1e-12))


@given(answers())
def test_the_bins_of_reliability_are_the_calibration_error(given_answers: Answers) -> None:
    logits, labels = given_answers
    p = probabilities(logits, 1.0)
    bins = reliability(p, labels)
    assert sum(b.answers for b in bins) == len(labels)
    gaps = sum(b.answers * abs(b.confidence - b.accuracy) for b in bins) / len(labels)
    assert gaps == pytest.approx(expected_calibration_error(p, labels))
    assert [b.confidence for b in bins] == sorted(b.confidence for b in bins)
    assert all(0 <= b.low <= b.accuracy + 1e-9 and b.accuracy - 1e-9 <= b.high <= 1 for b in bins)


def test_more_answers_narrow_the_interval_of_a_bin() -> None:
    def width(count: int) -> float:
        first = reliability(sure([0] * count, 0.8), alternating(count))[0]
        return first.high - first.low

    assert width(30) > width(300) > width(3000)


@given(answers(), st.floats(0, 1))
def test_every_patch_has_one_answer_and_every_structure_counts_one(given_answers: Answers, threshold: float) -> None:
    logits, labels = given_answers
    p, k = probabilities(logits, 1.0), logits.shape[1]
    by_image = confusion_counts(p, labels, threshold)
    np.testing.assert_array_equal(by_image.sum(1), np.bincount(labels, minlength=k))
    # Three views a structure; a structure has one class.
    groups = labels * 1000 + np.arange(len(labels)) // 6
    by_structure = confusion_counts(p, labels, threshold, groups)
    assert by_structure.sum() == pytest.approx(len(np.unique(groups)))
    np.testing.assert_allclose(by_structure.sum(1), [len(np.unique(groups[labels == number])) for number in range(k)])


@given(answers())
def test_a_higher_threshold_names_no_more(given_answers: Answers) -> None:
    logits, labels = given_answers
    p = probabilities(logits, 1.0)
    unknown = [confusion_counts(p, labels, threshold)[:, -1].sum() for threshold in (0, 0.3, 0.5, 0.8, 1.01)]
    assert unknown == sorted(unknown)
    assert (unknown[0], unknown[-1]) == (0, len(labels))

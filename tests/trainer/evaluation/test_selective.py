"""Risk and coverage, and the threshold that keeps an error level."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.core.calibration import probabilities
from tests.trainer.evaluation.answers import Answers, answers
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


@given(answers(), st.floats(0, 1))
def test_coverage_falls_as_more_accuracy_is_asked_for(given_answers: Answers, level: float) -> None:
    p, labels = probabilities(given_answers[0], 1.0), given_answers[1]
    assert coverage_at(p, labels, level) >= coverage_at(p, labels, min(1.0, level + 0.1))
    assert coverage_at(p, labels, 0.0) == 1.0
    share = coverage_at(p, labels, level)
    assert share == 0 or accuracy_on_surest(p, labels, share) >= level


@given(answers())
def test_all_answers_together_are_as_right_as_the_classifier(given_answers: Answers) -> None:
    p, labels = probabilities(given_answers[0], 1.0), given_answers[1]
    share, accuracy = risk_coverage(p, labels)
    assert (share[-1], accuracy[-1]) == (1.0, pytest.approx((p.argmax(1) == labels).mean()))
    assert (np.diff(share) > 0).all()
    assert accuracy_on_surest(p, labels, 1.0) == accuracy[-1]


@given(answers())
def test_order_and_names_of_classes_do_not_change_who_is_surest(given_answers: Answers) -> None:
    p, labels = probabilities(given_answers[0], 1.0), given_answers[1]
    classes = np.random.default_rng(1).permutation(p.shape[1])
    renamed = np.argsort(classes)[labels]
    np.testing.assert_allclose(risk_coverage(p[:, classes], renamed)[1], risk_coverage(p, labels)[1])


@given(st.integers(1, 300), st.integers(2, 5))
def test_a_perfect_classifier_answers_everything_at_any_level(n: int, k: int) -> None:
    labels = np.arange(n) % k
    p = sure(list(labels), np.linspace(0.6, 1, n), k)
    assert {coverage_at(p, labels, level) for level in (0.5, 0.9, 1.0)} == {1.0}


@given(n=st.integers(1, 60), level=st.floats(0.01, 0.5), seed=st.integers(0, 1000))
def test_losses_that_are_smaller_speak_no_less_against_a_high_mean(n: int, level: float, seed: int) -> None:
    losses = np.random.default_rng(seed).random(n)
    assert evidence(losses, level) > 0
    assert evidence(0.5 * losses, level) >= evidence(losses, level) * (1 - 1e-12)
    assert evidence(losses[::-1], level) == pytest.approx(evidence(losses, level))


def test_evidence_is_a_fair_game_at_the_level_itself() -> None:
    """Losses of 0 or 1 with the chance of the level: the mean wealth over all outcomes is one, so that Markov's
    inequality holds."""
    level, n = 0.1, 6
    mean = 0.0
    for outcome in itertools.product((0.0, 1.0), repeat=n):
        ones = sum(outcome)
        mean += level**ones * (1 - level) ** (n - ones) * evidence(np.array(outcome), level)
    assert mean == pytest.approx(1.0)


def test_a_threshold_depends_on_structures_and_on_no_order() -> None:
    p, labels, groups = seen_often(np.random.default_rng(3))
    order = np.random.default_rng(4).permutation(len(labels))
    plain = threshold_for(p, labels, groups, 0.2)
    assert threshold_for(p[order], labels[order], groups[order], 0.2) == plain
    # Twenty views that are alike say no more than one of them.
    assert threshold_for(p[::20], labels[::20], groups[::20], 0.2) == plain
    # What is promised more strictly is answered more rarely.
    levels = [threshold_for(p, labels, groups, level) for level in (0.05, 0.1, 0.2, 0.4)]
    assert levels == sorted(levels, reverse=True)
    assert threshold_for(p, labels, groups, 0.2, trust=0.999) >= plain


def test_too_few_structures_allow_no_answer() -> None:
    """Ten that are all right: an error of one in ten is not excluded by that."""
    assert threshold_for(sure([0] * 10, 0.99), np.zeros(10, dtype=int), np.arange(10), 0.10) == 1.0


def test_a_threshold_below_one_that_failed_is_never_tried() -> None:
    """Of a hundred sure structures eight are wrong; a thousand doubtful ones that are right would hide them."""
    p = sure([0] * 1100, [0.98] * 100 + [0.6] * 1000)
    labels = (np.arange(1100) < 8).astype(int)
    assert threshold_for(p, labels, np.arange(1100), 0.10) == 1.0

"""Sections on calibration, `unknown`, out-of-distribution inputs and populations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.core.calibration import probabilities
from tests.trainer.evaluation.answers import Answers, answers
from tests.trainer.known_predictions import cells, metadata_of, predictions_of, sure
from trainer.evaluation.prevalence import populations
from trainer.report.uncertainty import (
    _by_dose,
    _scores,
    area_under_curve,
    calibration_section,
    out_of_distribution_section,
    population_section,
    unknown_section,
)


def test_a_curve_s_area_is_the_chance_to_rank_right_and_a_tie_counts_half() -> None:
    low, high = np.array([0.1, 0.2]), np.array([0.8, 0.9, 0.9])
    assert area_under_curve(high, low) == 1
    assert area_under_curve(low, high) == 0
    assert area_under_curve(np.ones(4), np.ones(3)) == 0.5
    assert area_under_curve(np.array([1.0, 3.0]), np.array([2.0])) == 0.5


def halves(n: int) -> tuple[NDArray[np.float64], dict[str, NDArray[Any]], NDArray[np.bool_]]:
    """`n` answers of 0.9 of each half: right where it is measured, right nine times in ten where it is set."""
    labels = np.r_[(np.arange(n) % 10 == 0).astype(int), np.zeros(n, dtype=int)]
    return sure([0] * (2 * n), 0.9), metadata_of(list(labels)), np.arange(2 * n) < n


def test_calibration_is_shown_of_the_test_split_only(tmp_path: Path) -> None:
    p, metadata, calibration = halves(200)
    text = calibration_section(predictions_of(p, metadata, calibration), 300.0, tmp_path)
    (shipped,) = cells(text, "temperature 1.000 (shipped)")
    # Everything right at 0.9: off by 0.1, and -ln 0.9 = 0.1054.
    assert (shipped[0], shipped[2], shipped[3]) == ("0.1000", "0.1054", "100.0")
    assert len(cells(text, "0.900")) == 15
    assert (tmp_path / "reliability.png").stat().st_size > 0


def test_other_temperatures_are_set_on_the_other_half(tmp_path: Path) -> None:
    """There 0.9 is exactly right, so a temperature of its own decade of dose changes nothing."""
    p, metadata, calibration = halves(200)
    text = calibration_section(predictions_of(p, metadata, calibration), 300.0, tmp_path)
    assert cells(text, "a temperature per dose decade")[0][2] == pytest.approx("0.1054")


def test_thresholds_are_set_on_one_half_and_tried_on_the_other(tmp_path: Path) -> None:
    """Never wrong where it is set, wrong in every fourth where it is tried."""
    labels = np.r_[np.zeros(600, dtype=int), (np.arange(400) % 4 == 0).astype(int)]
    predictions = predictions_of(sure([0] * 1000, 0.9), metadata_of(list(labels)), np.arange(1000) < 600)
    text = unknown_section(predictions, {"odd": np.array([[0.1, 0.0], [0.0, 5.0]])}, 300.0, tmp_path)
    threshold, errors, interval, answered, structures = cells(text, "10.0 (shipped)")[0]
    assert (threshold, errors, answered, structures) == ("0.21", "25.0", "100.0", "400")
    # Wilson of 100 in 400: (0.25 + 0.0048 ± 1.96 sqrt(0.1875 / 400 + 0.0096 / 1600)) / 1.0096.
    assert interval == "21.0–29.5"
    assert "Of the 70 % it is surest of, 75.0 % are right." in text
    # One strange input is less sure than all that is known, the other one surer.
    assert cells(text, "largest probability (shipped)")[0][1] == "0.500"


def test_out_of_distribution_inputs_are_held_against_the_known_of_the_same_doses(tmp_path: Path) -> None:
    """Strange ones of 0.8; the known are surer at 300 e/Å² and more, and less sure under it, in equal numbers."""
    metadata = metadata_of([0] * 40, dose_e_per_a2=[150] * 20 + [1000] * 20)
    predictions = predictions_of(sure([0] * 40, [0.7] * 20 + [0.9] * 20), metadata)
    predictions.calibration[:1] = True
    strange = np.log(sure([0] * 5, 0.8))
    area = float(
        cells(unknown_section(predictions, {"odd": strange}, 300.0, tmp_path), "largest probability (shipped)")[0][1]
    )
    assert area == pytest.approx(20 / 39, abs=5e-4)


def test_out_of_distribution_inputs_are_counted_and_the_named_listed_by_number() -> None:
    logits = np.log(sure([0, 0, 1, 1], [0.9, 0.9, 0.9, 0.6]))
    predictions = predictions_of(sure([0] * 5, [0.9] * 4 + [0.5]), metadata_of([0] * 5))
    text = out_of_distribution_section(predictions, {"odd": logits, "shy": np.zeros((3, 2))}, ("a_cube", "b"))
    assert cells(text, "odd")[0] == ["4", "25.0", "4.6–69.9", "a cube 2, b 1"]
    assert cells(text, "shy")[0][1:] == ["100.0", "43.8–100.0", "—"]
    assert cells(text, "held-out particles, for comparison")[0][:2] == ["5", "20.0"]


def test_answers_to_faint_images_are_counted_apart() -> None:
    doses = [20.0, 30.0, 40.0, 50.0, 5000.0]
    predictions = predictions_of(
        sure([0] * 5, [0.9, 0.9, 0.9, 0.5, 0.9]), metadata_of([0, 0, 1, 0, 1], dose_e_per_a2=doses)
    )
    text = out_of_distribution_section(predictions, {}, ("a", "b"))
    assert "Of 4 held-out images" in text
    assert "75.0 % are named, of these answers 66.7 % are right" in text
    bright = predictions_of(sure([0] * 5, [0.9] * 5), metadata_of([0] * 5, dose_e_per_a2=[100.0] * 5))
    assert "held-out images of known" not in out_of_distribution_section(bright, {}, ("a", "b"))


def population(rng: np.random.Generator) -> tuple[NDArray[np.float64], dict[str, NDArray[Any]]]:
    """60 structures a class of two views each: eight views in ten right, one in ten the next class, one doubtful."""
    labels = np.repeat(np.arange(5), 120)
    kind = rng.random(600)
    answers = np.where(kind < 0.1, (labels + 1) % 5, labels)
    return sure(list(answers), np.where(kind > 0.9, 0.5, 0.9), 5), metadata_of(list(labels), list(np.arange(600) // 2))


def test_the_section_has_a_line_for_every_kind_and_size_of_population() -> None:
    rng = np.random.default_rng(7)
    text = population_section(predictions_of(*population(rng)), 100.0, 2, 1)
    assert [len(cells(text, kind)) for kind in populations(5)] == [3, 3, 3]
    assert "300 structures, halved anew" in text
    assert "95 ± 30 %" in text


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32))
def test_the_area_knows_no_scale_and_its_two_sides_are_one_together(known: int, strange: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.integers(5, size=known).astype(float), rng.integers(5, size=strange).astype(float)
    area = area_under_curve(one, other)
    assert area + area_under_curve(other, one) == pytest.approx(1)
    assert area_under_curve(np.exp(one), np.exp(other)) == pytest.approx(area)
    pairs = np.sign(one[:, None] - other)
    assert area == pytest.approx(0.5 + pairs.mean() / 2)


@given(answers())
def test_every_score_of_certainty_is_largest_where_a_class_takes_all(given_answers: Answers) -> None:
    logits = given_answers[0]
    surest = np.zeros((1, logits.shape[1]))
    surest[0, 0] = logits.max() + 60
    every = np.concatenate([logits, surest])
    for name, score in _scores(every, probabilities(every, 1.0)).items():
        assert np.isfinite(score).all(), name
        assert score.argmax() == len(logits) or score[-1] == pytest.approx(score.max()), name


def test_a_dose_decade_with_few_images_keeps_the_temperature_of_all() -> None:
    """A hundred at 1000 e/Å² that are twice too sure, and ninety-nine at 100 of which nothing is fitted."""
    labels = [0] * 150 + [1] * 50 + [0] * 99
    p = sure([0] * 299, 0.95)
    metadata = metadata_of(labels, dose_e_per_a2=[2000.0] * 200 + [200.0] * 99)
    predictions = predictions_of(p, metadata, True)
    found = _by_dose(predictions, predictions.calibration)
    assert found[:200].max(1).mean() == pytest.approx(0.75, abs=0.01)
    np.testing.assert_array_equal(found[200:], predictions.p[200:])

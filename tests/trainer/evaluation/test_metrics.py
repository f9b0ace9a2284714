"""Several views fused, and the measures of a card."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.calibration import probabilities
from agent.core.statistics.accumulate import Observations, fuse
from tests.trainer.evaluation.answers import Answers, answers
from tests.trainer.known_predictions import metadata_of, sure
from tests.trainer.known_report import CLASSES
from trainer.evaluation.metrics import FEWEST, accuracy_of, class_accuracy, classifier_measures, fused_views


def test_views_are_fused_by_the_mean_of_their_logarithms_as_the_agent_does() -> None:
    """sqrt(0.9 * 0.6) against sqrt(0.1 * 0.4): 0.7348 to 0.2."""
    p = sure([0, 1, 0, 0], [0.9, 0.8, 0.6, 0.7])
    fused_p, labels = fused_views(p, metadata_of([0, 1, 0, 1], [5, 3, 5, 8]), 2, np.random.default_rng(0))
    np.testing.assert_allclose(fused_p, [[0.7348 / 0.9348, 0.2 / 0.9348]], rtol=1e-3)
    assert list(labels) == [0]
    agent = Observations(log_probability=np.log(p[[0, 2]]).sum(0), diameter_nm=1, count=2, whole=True, last_frame=0)
    np.testing.assert_allclose(fused_p[0], fuse(agent))


def test_fusing_takes_no_view_of_another_structure() -> None:
    """Structure n is always answered n, by one to six views, in any order."""
    waves = np.repeat(np.arange(6), np.arange(1, 7))
    order = np.random.default_rng(3).permutation(len(waves))
    metadata = metadata_of(list(waves[order]), list(waves[order]))
    fused_p, labels = fused_views(sure(list(waves[order]), 0.9, 6), metadata, 4, np.random.default_rng(1))
    assert list(labels) == [3, 4, 5]
    assert list(fused_p.argmax(1)) == [3, 4, 5]


def test_the_card_s_measures_are_shares_of_the_patches() -> None:
    metadata = metadata_of([0] * 20 + [1] * 20, defocus_nm=-6.0, dose_e_per_a2=[200] * 20 + [2000] * 20)
    p = sure([0] * 15 + [1] * 5 + [1] * 20, 0.9)
    measures = classifier_measures(p, metadata)
    assert (measures["accuracy"], measures["patches"], measures["accuracy_defocus_nm_5_10"]) == (0.875, 40, 0.875)
    assert (measures["accuracy_dose_e_per_a2_100_300"], measures["accuracy_dose_e_per_a2_1000_3000"]) == (0.75, 1.0)
    assert "accuracy_dose_e_per_a2_300_1000" not in measures
    assert class_accuracy(p, metadata["label"], CLASSES) == {"cube": 0.75, "icosahedron": 1.0}


def test_without_a_patch_there_is_no_measure_and_the_want_is_said() -> None:
    """A mean of nothing would be NaN, and NaN would stand on a card."""
    with pytest.raises(ValueError, match="patches of the test split were promised, got none"):
        classifier_measures(np.zeros((0, 2)), metadata_of([]))


@given(answers(least=25))
def test_measures_are_those_of_the_patches_in_any_order(given_answers: Answers) -> None:
    p, labels = probabilities(given_answers[0], 1.0), given_answers[1]
    rng = np.random.default_rng(2)
    doses = rng.uniform(10, 20000, len(labels))
    metadata = metadata_of(list(labels), dose_e_per_a2=doses)
    order = rng.permutation(len(labels))
    turned = {key: column[order] for key, column in metadata.items()}
    assert classifier_measures(p[order], turned) == classifier_measures(p, metadata)
    measures = classifier_measures(p, metadata)
    assert all(np.isfinite(value) for value in measures.values())
    assert measures["coverage_at_0.90"] >= measures["coverage_at_0.95"] >= measures["coverage_at_0.99"]


def test_a_bin_of_nineteen_patches_has_no_measure_and_one_of_twenty_has() -> None:
    assert FEWEST == 20
    for count, told in ((19, False), (20, True)):
        measures = classifier_measures(sure([0] * count, 0.9), metadata_of([0] * count, diameter_nm=5.5))
        assert ("accuracy_diameter_nm_5_6" in measures) == told


def test_an_edge_belongs_to_the_bin_above_it_and_underfocus_counts_as_overfocus() -> None:
    metadata = metadata_of([0] * 40, defocus_nm=[-5.0] * 20 + [5.0] * 20, dose_e_per_a2=300.0)
    measures = classifier_measures(sure([0] * 20 + [1] * 20, 0.9), metadata)
    assert (measures["accuracy_defocus_nm_5_10"], measures["accuracy_dose_e_per_a2_300_1000"]) == (0.5, 0.5)
    assert "accuracy_defocus_nm_2.5_5" not in measures


@given(answers())
def test_recalls_weighted_by_their_classes_are_the_accuracy(given_answers: Answers) -> None:
    p, labels = probabilities(given_answers[0], 1.0), given_answers[1]
    classes = [f"c{n}" for n in range(p.shape[1]) if (labels == n).any()]
    # Only classes that are there have a recall: the others are moved to the end and left out.
    there = np.unique(labels)
    recalls = class_accuracy(
        p[:, [*there, *np.setdiff1d(np.arange(p.shape[1]), there)]], np.searchsorted(there, labels), classes
    )
    weights = np.bincount(np.searchsorted(there, labels)) / len(labels)
    assert sum(weights * list(recalls.values())) == pytest.approx(accuracy_of(p, labels), abs=1e-4)


@given(answers(), st.integers(1, 5))
def test_of_one_view_fusing_is_no_change_and_of_equal_views_neither(given_answers: Answers, views: int) -> None:
    p, labels = probabilities(given_answers[0], 1.0), given_answers[1]
    n = len(labels)
    repeated = np.repeat(p, views, 0)
    metadata = metadata_of(list(np.repeat(labels, views)), list(np.repeat(np.arange(n), views)))
    fused, of = fused_views(repeated, metadata, views, np.random.default_rng(0))
    np.testing.assert_allclose(fused, p, atol=1e-6)
    np.testing.assert_array_equal(of, labels)


def test_two_doubtful_views_that_agree_are_surer_than_neither_contradicts() -> None:
    """The mean of logarithms keeps the confidence of agreeing views and falls to the middle of opposing ones."""
    metadata = metadata_of([0, 0], [1, 1])
    agreeing, _ = fused_views(sure([0, 0], 0.8), metadata, 2, np.random.default_rng(0))
    opposing, _ = fused_views(sure([0, 1], 0.8), metadata, 2, np.random.default_rng(0))
    np.testing.assert_allclose(agreeing, [[0.8, 0.2]])
    np.testing.assert_allclose(opposing, [[0.5, 0.5]])

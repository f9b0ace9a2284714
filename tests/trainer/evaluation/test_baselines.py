"""What size or outline alone would reach."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.known_report import disc
from trainer.evaluation.baselines import nearest_neighbours, outline_features, size_features


def test_an_outline_s_features_know_no_turn_and_no_flip() -> None:
    mask = disc(squash=1.6)
    mask[:20, :14] = False
    turned = outline_features([mask, np.rot90(mask), mask[::-1], mask[:, ::-1], np.pad(mask, 3)])
    np.testing.assert_allclose(turned, np.repeat(turned[:1], 5, 0), atol=0.02)


def test_a_disc_fills_its_circle_and_an_ellipse_has_a_second_harmonic() -> None:
    round_one, long_one = outline_features([disc(), disc(squash=1.6)])
    assert round_one[0] == pytest.approx(np.log(np.pi * 12**2), abs=0.02)
    assert round_one[1] == pytest.approx(1, abs=0.05)
    assert long_one[1] == pytest.approx(1 / 1.6, abs=0.06)
    assert round_one[2:].max() < 0.02
    assert long_one[2:].argmax() == 1


def test_neighbours_vote_by_shares() -> None:
    """25 known of 1 nm, 20 of class 0 and five of class 1, and 25 of 5 nm of class 1."""
    known = size_features([1.0 + 0.001 * n for n in range(25)] + [5.0] * 25)
    labels = np.array([0] * 20 + [1] * 30)
    np.testing.assert_allclose(nearest_neighbours(known, labels, size_features([1.01, 5.2]), 2), [[0.8, 0.2], [0, 1]])


def test_of_fewer_known_than_neighbours_all_vote() -> None:
    """A store of a few particles has no 25 of training: a vote is still one of shares."""
    known = size_features([1.0, 1.1, 5.0])
    found = nearest_neighbours(known, np.array([0, 0, 1]), size_features([1.0, 4.0]), 2)
    np.testing.assert_allclose(found, [[2 / 3, 1 / 3]] * 2)
    np.testing.assert_allclose(nearest_neighbours(known[:1], np.array([1]), size_features([3.0]), 2), [[0, 1]])


@given(st.integers(0, 2**32), st.integers(2, 5))
def test_votes_are_shares_and_know_no_unit_of_the_features(seed: int, classes: int) -> None:
    """Nanometres or pixels, and whatever zero is: features are standardised."""
    rng = np.random.default_rng(seed)
    known, unknown = rng.normal(0, 1, (60, 3)), rng.normal(0, 1, (8, 3))
    labels = rng.integers(classes, size=60)
    votes = nearest_neighbours(known, labels, unknown, classes)
    np.testing.assert_allclose(votes.sum(1), 1)
    scale, shift = np.array([10.0, 0.25, 3.0]), np.array([5.0, -2.0, 0.0])
    np.testing.assert_allclose(
        nearest_neighbours(known * scale + shift, labels, unknown * scale + shift, classes), votes
    )


def test_a_feature_that_is_alike_for_all_decides_nothing() -> None:
    known = np.column_stack([np.r_[np.zeros(30), np.ones(30)], np.full(60, 7.0)])
    votes = nearest_neighbours(known, np.repeat([0, 1], 30), np.array([[0.0, 7.0], [1.0, 7.0]]), 2)
    np.testing.assert_allclose(votes, [[1, 0], [0, 1]])

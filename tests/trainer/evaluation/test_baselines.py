"""What size or outline alone would reach."""

from __future__ import annotations

import numpy as np
import pytest

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

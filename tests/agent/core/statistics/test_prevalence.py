"""Fractions and their intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.statistics.prevalence import corrected_fractions, wilson


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_share_and_stays_in_bounds(right: int, wrong: int) -> None:
    low, high = wilson(right, right + wrong)
    assert 0 <= low <= high <= 1
    if right + wrong:
        assert low - 1e-9 <= right / (right + wrong) <= high + 1e-9


def test_without_a_named_particle_there_is_no_fraction() -> None:
    fractions, intervals = corrected_fractions(np.array([0, 0, 5]), np.eye(2, 3) * 50)
    assert np.isnan(fractions).all()
    assert (intervals == [0, 1]).all()


def test_the_correction_takes_a_known_confusion_away() -> None:
    """1000 of class a, of which 200 are called b: the corrected share of a is 1."""
    fractions, intervals = corrected_fractions(np.array([800, 200, 0]), np.array([[800.0, 200, 0], [0, 1000, 0]]))
    assert fractions[0] > 0.98
    assert intervals[0, 0] < 1.0


@pytest.mark.parametrize("truth", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.8)])
def test_the_interval_holds_the_truth_about_95_times_in_100(truth: tuple[float, float]) -> None:
    rng = np.random.default_rng(int(100 * truth[0]))
    matrix = np.array([[0.75, 0.15, 0.10], [0.05, 0.80, 0.15]])
    held = 0
    for _ in range(60):
        confusion = np.array([rng.multinomial(300, row) for row in matrix])
        answers = rng.multinomial(200, np.array(truth) @ matrix)
        _, intervals = corrected_fractions(answers, confusion)
        held += bool(intervals[0, 0] <= truth[0] <= intervals[0, 1])
    assert held >= 53

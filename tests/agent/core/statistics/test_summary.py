"""Counts to what is known of a population."""

from __future__ import annotations

import numpy as np
import pytest

from agent.core.statistics.accumulate import DIAMETER_EDGES_NM
from agent.core.statistics.summary import summarise
from tests.agent.core.made import CLASSES, particle, run

ONE_OF_EACH = run([[particle(10, 10, 0.95, 4.2), particle(30, 30, 0.1, 6.3), particle(10, 30, 0.6, 5.1)]])[0]
"""A sure a, a rather sure b, and a doubtful a."""


def test_every_particle_is_a_class_or_unknown_and_fractions_are_of_the_named() -> None:
    shown = summarise(ONE_OF_EACH, 0.8)
    assert [(s.shape, s.count) for s in shown.shapes] == [("a", 1), ("b", 1), ("unknown", 1)]
    assert [s.fraction for s in shown.shapes] == pytest.approx([0.5, 0.5, 1 / 3])
    assert (shown.particles, shown.detections) == (3, 3)


def test_sizes_are_counted_by_the_answer() -> None:
    shown = summarise(ONE_OF_EACH, 0.8)
    for shape, diameter_nm in zip(shown.shapes, (4.2, 6.3, 5.1), strict=True):
        (filled,) = np.flatnonzero(shape.diameter_counts)
        assert DIAMETER_EDGES_NM[filled] <= diameter_nm < DIAMETER_EDGES_NM[filled + 1]


def test_a_confusion_moves_the_fractions_and_not_the_counts() -> None:
    confusion = ((80.0, 0.0, 20.0), (50.0, 50.0, 0.0))
    plain, corrected = summarise(ONE_OF_EACH, 0.0), summarise(ONE_OF_EACH, 0.0, confusion)
    assert [s.count for s in plain.shapes] == [s.count for s in corrected.shapes] == [2, 1, 0]
    assert corrected.shapes[1].fraction > plain.shapes[1].fraction, "half of the b are answered as a"


def test_of_nothing_no_fraction_is_claimed() -> None:
    shown = summarise(run([])[0], 0.5)
    assert all(np.isnan(s.fraction) for s in shown.shapes)
    assert [(s.fraction_low, s.fraction_high) for s in shown.shapes] == [(0.0, 1.0)] * (len(CLASSES) + 1)

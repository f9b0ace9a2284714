"""Which held-out structures set temperature and threshold, and which are measured."""

from __future__ import annotations

import numpy as np

from simulator.exit_waves.splits import wave_split
from trainer.evaluation.splits import in_calibration_split, in_test_split


def test_what_is_held_out_goes_to_exactly_one_of_the_two_halves() -> None:
    indices = np.arange(3000)
    held_out = np.array([wave_split(int(n), 5) == "test" for n in indices])
    calibration = held_out & in_calibration_split(indices, 5)
    test = in_test_split(indices, 5)
    assert not (calibration & test).any()
    assert ((calibration | test) == held_out).all()
    assert calibration.sum() == test.sum() == 150


def test_both_halves_hold_all_classes_alike() -> None:
    indices = np.arange(3000)
    assert np.bincount(indices[in_test_split(indices, 5)] % 5).tolist() == [30] * 5


def test_in_stores_of_fifty_waves_a_shard_the_test_split_lies_in_every_second_one() -> None:
    """What reports before November 2026 took for granted."""
    found = [in_test_split(np.arange(50 * n, 50 * n + 50), 5).any() for n in range(8)]
    assert found == [False, True] * 4


def test_with_another_number_of_classes_the_halves_stay_apart_by_whole_rounds() -> None:
    rounds = np.arange(1200) // 6
    assert set(rounds[in_test_split(np.arange(1200), 6)]) == {19, 39, 59, 79, 99, 119, 139, 159, 179, 199}

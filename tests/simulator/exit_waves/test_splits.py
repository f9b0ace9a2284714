"""Splits: every tenth round of the classes and the last seventh of the films, from the index alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.exit_waves.splits import film_split, wave_split


@given(st.integers(0, 10**6), st.integers(1, 12))
def test_a_round_is_held_out_as_a_whole(round_number: int, classes: int) -> None:
    of_round = {wave_split(round_number * classes + place, classes) for place in range(classes)}
    assert of_round == {"test" if round_number % 10 == 9 else "train"}


@pytest.mark.parametrize("classes", [1, 5])
def test_a_tenth_of_all_particles_is_held_out(classes: int) -> None:
    splits = [wave_split(index, classes) for index in range(100 * classes)]
    assert splits.count("test") == 10 * classes


def test_the_last_seventh_of_the_films_is_held_out() -> None:
    assert [film_split(n, 14) for n in range(14)] == ["train"] * 12 + ["test"] * 2

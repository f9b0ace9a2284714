"""The half-pixel rule: centres, the way there and back, scales one after another, and shifted corners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.coordinates import distance_from_corner, index_on_grid

INDICES = st.floats(-1e4, 1e4)
WIDTHS = st.floats(1e-3, 1e3)


def test_two_narrow_pixels_have_their_common_border_where_the_wide_one_has_its_centre() -> None:
    assert index_on_grid(0, 2.0, 1.0) == 0.5
    assert index_on_grid(np.array([0, 1]), 1.0, 2.0).tolist() == [-0.25, 0.25]
    assert distance_from_corner(0, 2.0, 1.0) == 1.0


@given(INDICES, WIDTHS)
def test_on_a_grid_of_equal_pixels_nothing_moves(index: float, width: float) -> None:
    assert index_on_grid(index, width, width) == pytest.approx(index, abs=1e-9)


@given(INDICES, WIDTHS, WIDTHS, st.floats(-10, 10))
def test_the_way_back_leads_to_where_it_began(index: float, width: float, other: float, shift: float) -> None:
    there = index_on_grid(index, width, other, shift=shift)
    assert index_on_grid(there, other, width, shift=-shift) == pytest.approx(index, rel=1e-9, abs=1e-6)


@given(INDICES, WIDTHS, WIDTHS, WIDTHS)
def test_two_changes_of_grid_are_one(index: float, first: float, second: float, third: float) -> None:
    twice = index_on_grid(index_on_grid(index, first, second), second, third)
    assert twice == pytest.approx(index_on_grid(index, first, third), rel=1e-9, abs=1e-6)


@given(st.integers(1, 64), st.integers(1, 20))
def test_the_middle_of_a_block_is_the_pixel_that_holds_it(pixels: int, block: int) -> None:
    """Mean of the narrow indices of each block = index of the block's pixel on the narrow grid."""
    narrow = np.arange(pixels * block).reshape(pixels, block).mean(1)
    assert np.allclose(index_on_grid(np.arange(pixels), float(block), 1.0), narrow)


@given(st.integers(0, 500), st.floats(0.2, 5.0))
def test_the_whole_part_of_a_distance_names_the_pixel_that_holds_the_centre(index: int, width: float) -> None:
    held_by = np.floor(distance_from_corner(index, width, 1.0))
    assert held_by <= (index + 0.5) * width < held_by + 1


def test_a_corner_that_lies_inside_moves_every_index_by_as_much() -> None:
    """A camera whose corner is 3 nm inside a field of 0.5 nm pixels: its own pixels of 1 nm begin six pixels in."""
    assert index_on_grid(np.array([0.0, 1.0]), 1.0, 0.5, shift=3.0).tolist() == [6.5, 8.5]
    assert index_on_grid(6.5, 0.5, 1.0, shift=-3.0) == 0.0


@given(st.lists(INDICES, min_size=1, max_size=6), WIDTHS, WIDTHS)
def test_an_array_gives_what_its_numbers_give_to_the_last_bit(indices: list[float], width: float, other: float) -> None:
    for rule in (index_on_grid, distance_from_corner):
        assert rule(np.array(indices), width, other).tolist() == [rule(index, width, other) for index in indices]


@given(INDICES, WIDTHS, WIDTHS, st.floats(-10, 10))
def test_a_distance_is_half_a_pixel_more_than_the_index(index: float, width: float, other: float, shift: float) -> None:
    distance = distance_from_corner(index, width, other, shift=shift)
    assert index_on_grid(index, width, other, shift=shift) == distance - 0.5

"""Where labels go."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.dashboard.state.label_layout import place_labels, spread


def test_labels_hide_neither_each_other_nor_neighbours_and_are_never_clipped() -> None:
    centres = np.array([(x, y) for x in (5.0, 60, 120, 195) for y in (5.0, 60, 120, 195)])
    boxes = np.hstack([centres - 15, centres + 15])
    sizes = np.tile([28.0, 12.0], (len(boxes), 1))
    corners = place_labels(boxes, sizes, 200.0, 200.0)
    assert (corners >= 0).all()
    assert (corners + sizes <= 200).all()
    labels = np.hstack([corners, corners + sizes])
    for n, label in enumerate(labels):
        for others in (np.delete(labels, n, 0), np.delete(boxes, n, 0)):
            low, high = np.maximum(label[:2], others[:, :2]), np.minimum(label[2:], others[:, 2:])
            assert np.clip(high - low, 0, None).prod(1).max() <= 0.15 * sizes[n].prod()
    assert place_labels(np.empty((0, 4)), np.empty((0, 2)), 10.0, 10.0).shape == (0, 2)


def test_names_at_the_ends_of_lines_keep_apart_in_order() -> None:
    at = spread(np.array([50.0, 10.0, 10.0, 99.0]), 10.0, 0.0, 100.0)
    assert np.diff(np.sort(at)).min() >= 10
    assert at[1] < at[0] < at[3] <= 100


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8))
def test_names_of_lines_keep_their_distance_their_order_and_inside(wanted: list[float]) -> None:
    at = spread(np.array(wanted), 10.0, 0.0, 100.0)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(at[order]) >= 10 - 1e-9).all()
    assert at.max() <= 100
    assert at.min() >= 0 - 1e-9


@given(st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=6, unique=True))
def test_names_that_have_room_stay_where_they_are_wanted(wanted: list[float]) -> None:
    apart = np.array([20.0 * n for n in range(len(wanted))])
    assert np.array_equal(spread(apart, 10.0, 0.0, 200.0), apart)

"""Numbers as Markdown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.report.tables import accuracy_cells, class_shares, interval, percent, picture, table


def test_a_table_is_markdown_with_its_numbers_to_the_right() -> None:
    assert table(("a", "b"), [("x", 1), ("y", 2.5)]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n| y | 2.5 |"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a row needs 2 cells, got 1"):
        table(("a", "b"), [("x",)])


ROUNDING = 1e-12
"""Of a share: an accuracy of one has an interval that ends a last bit below."""


def test_shares_are_told_in_percent_and_what_is_not_there_by_a_dash() -> None:
    assert (percent(0.12345), percent(1), percent(float("nan"))) == ("12.3", "100.0", "—")
    assert picture("a.png", "caption") == "![caption](pictures/a.png)"


def test_intervals_count_structures_not_images() -> None:
    """Six of eight images right; of four structures Wilson gives 30.1 to 95.4 %, of eight 40.9 to 92.9 %."""
    right = np.array([True] * 6 + [False] * 2)
    assert accuracy_cells(right, np.arange(8) // 2) == ["75.0", "30.1–95.4", "8", "4"]
    assert accuracy_cells(right, np.arange(8)) == ["75.0", "40.9–92.9", "8", "8"]
    assert accuracy_cells(right[:0], np.arange(0)) == ["—", "—", "0", "0"]
    assert interval(right[:0], np.arange(0)) == (0, 1)


def test_a_class_without_images_has_no_accuracy() -> None:
    shares = class_shares(np.array([True, False, True]), np.array([0, 0, 2]), 3)
    assert shares[::2] == [0.5, 1.0]
    assert np.isnan(shares[1])


@given(right=st.lists(st.booleans(), min_size=1, max_size=80), views=st.integers(1, 4))
def test_an_interval_holds_its_accuracy_and_narrows_with_every_structure(right: list[bool], views: int) -> None:
    answers = np.repeat(np.array(right), views)
    low, high = interval(answers, np.arange(len(answers)) // views)
    assert 0 <= low <= answers.mean() + ROUNDING
    assert answers.mean() - ROUNDING <= high <= 1
    # Four times the structures, as often right: narrower; the same structures seen more often: not.
    more = interval(np.tile(answers, 4), np.arange(4 * len(answers)) // views)
    assert more[1] - more[0] < high - low
    again = interval(np.repeat(answers, 3), np.repeat(np.arange(len(answers)) // views, 3))
    assert again == pytest.approx((low, high))


@given(st.lists(st.tuples(st.text("abc", min_size=1), st.integers()), max_size=5))
def test_every_row_of_a_table_has_the_cells_of_its_head(rows: list[tuple[str, int]]) -> None:
    lines = table(("name", "number"), rows).splitlines()
    assert len(lines) == 2 + len(rows)
    assert {line.count("|") for line in lines} == {3}
    assert [int(line.split("|")[2]) for line in lines[2:]] == [number for _, number in rows]


def test_classes_in_another_order_have_their_shares_in_that_order() -> None:
    right, labels = np.array([True, False, True, True]), np.array([0, 0, 1, 2])
    shares = class_shares(right, labels, 3)
    order = np.array([2, 0, 1])
    assert class_shares(right, np.argsort(order)[labels], 3) == [shares[n] for n in order]

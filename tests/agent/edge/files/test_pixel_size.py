"""Units and squareness, once for all formats."""

from __future__ import annotations

import pytest

from agent.edge.files.pixel_size import PixelSize, in_nm, square


@pytest.mark.parametrize(
    ("number", "unit", "nm"),
    [(0.5, "A", 0.05), (50, "pm", 0.05), (0.05, " NM\0", 0.05), (5e-11, "m", 0.05), (2, "\\u00b5m", 2000.0)],
)
def test_lengths_are_read_in_every_unit(number: float, unit: str, nm: float) -> None:
    assert in_nm(number, unit) == pytest.approx(nm)


@pytest.mark.parametrize("unit", ["s", "", None, "px", "1/nm"])
def test_what_is_no_length_is_none(unit: str | None) -> None:
    assert in_nm(1.0, unit) is None


def test_sides_may_differ_by_a_percent_and_no_more() -> None:
    assert square(0.05, 0.0504) == PixelSize(nm=0.0504)
    assert square(0.05, 0.051) == PixelSize(fault="the pixels are not square: 0.051 x 0.05 nm")
    assert square(None, 0.05) == PixelSize()
    assert square(-1.0, -1.0) == PixelSize(nm=-1.0), "what a file says is judged by who reads it"

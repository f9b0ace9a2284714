"""Pixels of one grid to pixels of another: the half-pixel rule, written once. Pure.

A pixel has a width and its index names its centre. Two grids lie over the same specimen; their corners coincide, their
pixels are differently wide. From a corner, pixel 0 begins at 0 and ends at its width, so its centre is half a width in:

    corner
    |  index 0  |  index 1  |  index 2  |  index 3  |        a grid of pixels 1 wide
    |     0.5         1.5         2.5         3.5            its centres, as distances from the corner
    |        index 0        |        index 1        |        a grid of pixels 2 wide
    |           1                       3                    its centres, as distances from the corner

So the centre of index i of a grid of width a lies at (i + 1/2) a, and at index (i + 1/2) a / b - 1/2 of a grid of
width b. Index 0 of the wide grid is index 0.5 of the narrow one: its centre is the border of two narrow pixels. A rule
without the halves is half a pixel off, in opposite directions for the two ways.

Where the corners do not coincide, `shift` is how far the first grid's corner lies inside the second's, in the unit of
the widths. The order of the operations is part of the contract: results are the same to the last bit everywhere.
"""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


@overload
def distance_from_corner(index: float, width: float, other_width: float, *, shift: float = 0.0) -> float:
    """The distance of one pixel."""


@overload
def distance_from_corner(
    index: NDArray[Any], width: float, other_width: float, *, shift: float | NDArray[np.float64] = 0.0
) -> NDArray[np.float64]:
    """Distances (...,) of pixels at indices (...,)."""


def distance_from_corner(
    index: float | NDArray[Any], width: float, other_width: float, *, shift: float | NDArray[np.float64] = 0.0
) -> float | NDArray[np.float64]:
    """Distance of a pixel's centre from the other grid's corner, in the other's pixels: ((i + 1/2) a + shift) / b.

    This is what a picture is drawn with whose first pixel reaches from 0 to 1, and its whole part is the index of the
    other grid's pixel that holds the centre. `index` is a number or an array (...,), and need not be whole;
    `shift` may be an array that broadcasts with it, such as (2,) for y and x beside indices (n, 2).
    """
    return ((index + 0.5) * width + shift) / other_width


@overload
def index_on_grid(index: float, width: float, other_width: float, *, shift: float = 0.0) -> float:
    """The index of one pixel."""


@overload
def index_on_grid(
    index: NDArray[Any], width: float, other_width: float, *, shift: float | NDArray[np.float64] = 0.0
) -> NDArray[np.float64]:
    """Indices (...,) of pixels at indices (...,) of the first grid."""


def index_on_grid(
    index: float | NDArray[Any], width: float, other_width: float, *, shift: float | NDArray[np.float64] = 0.0
) -> float | NDArray[np.float64]:
    """The place of a pixel's centre as an index of the other grid: ((i + 1/2) a + shift) / b - 1/2.

    `index` is a number or an array (...,), and need not be whole; nor is the result, which has its shape.
    """
    return ((index + 0.5) * width + shift) / other_width - 0.5

"""Medians and local medians, the same numbers as numpy's and scipy's in a fraction of their time. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

HISTOGRAM_VALUES = 1 << 16
"""Whole numbers that span more than this are sorted, not counted."""
TO_SIGMA = 0.6745
"""Median absolute deviation of a Gaussian of sigma 1."""


def median(values: NDArray[np.floating]) -> float:
    """The median of finite numbers (...,). One partial sort and a maximum: numpy's sorts twice and looks for NaN."""
    flat = values.ravel()
    half = flat.size // 2
    parted = np.partition(flat, half)
    upper = float(parted[half])
    return upper if flat.size % 2 else (float(parted[:half].max()) + upper) / 2


def median_and_sigma(values: NDArray[Any]) -> tuple[float, float]:
    """(median, median absolute deviation / 0.6745) of values (...,); counts go through a histogram, exact for them."""
    if values.dtype.kind in "ui":
        low, high = int(values.min()), int(values.max())
        if high - low < HISTOGRAM_VALUES:
            return _of_counts(values, low, high)
    numbers = values.astype(np.float32)
    middle = median(numbers)
    return middle, median(np.abs(numbers - np.float32(middle))) / TO_SIGMA


def _of_counts(values: NDArray[Any], low: int, high: int) -> tuple[float, float]:
    how_many = np.bincount(values.ravel().astype(np.intp) - low, minlength=high - low + 1)
    levels = np.arange(low, high + 1, dtype=np.float64)
    middle = _weighted_median(levels, how_many)
    off = np.abs(levels - middle)
    order = np.argsort(off, kind="stable")
    return middle, _weighted_median(off[order], how_many[order]) / TO_SIGMA


def _weighted_median(levels: NDArray[np.float64], how_many: NDArray[np.intp]) -> float:
    """The median of rising `levels`, each repeated `how_many` times."""
    up_to = np.cumsum(how_many)
    total = int(up_to[-1])
    lower, upper = np.searchsorted(up_to, [(total - 1) // 2, total // 2], side="right")
    return float(levels[lower] + levels[upper]) / 2


def median3x3(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median of each 3 x 3 neighbourhood, (h, w) of (h, w), the border repeated.

    The same as `scipy.ndimage.median_filter(…, 3, mode="nearest")`.

    The median of nine is the median of: the largest of the columns' smallest, the median of the columns' medians, the
    smallest of the columns' largest. Sorted columns are shared by three neighbours.
    """
    around = np.pad(values, 1, mode="edge")
    low, middle, high = _sorted3(around[:-2], around[1:-1], around[2:])
    largest_low = np.maximum(np.maximum(low[:, :-2], low[:, 1:-1]), low[:, 2:])
    smallest_high = np.minimum(np.minimum(high[:, :-2], high[:, 1:-1]), high[:, 2:])
    middles = _middle3(middle[:, :-2], middle[:, 1:-1], middle[:, 2:])
    return _middle3(largest_low, middles, smallest_high)


def _sorted3(
    a: NDArray[np.float32], b: NDArray[np.float32], c: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    low, high = np.minimum(a, b), np.maximum(a, b)
    return np.minimum(low, c), np.maximum(low, np.minimum(high, c)), np.maximum(high, c)


def _middle3(a: NDArray[np.float32], b: NDArray[np.float32], c: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))

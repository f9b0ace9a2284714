"""Sums over square blocks of pixels, near the speed of memory. Pure.

Bands of rows stay in the processor's cache; rows are added first, as whole rows, then columns with a stride.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BAND_ROWS = 16
"""Rows of blocks that are summed at a time."""


def block_moments(pixels: NDArray[Any], block: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of every block x block square of pixels (h, w), (h // block, w // block) each.

    Variance = <(f - a)^2> - <f - a>^2 with a, one pixel of the block itself. Then (f - a)^2 is at most block^2
    variances, so that single precision suffices.
    """
    mean, variance = np.empty((2, pixels.shape[0] // block, pixels.shape[1] // block), dtype=np.float32)
    for band, tiles in _bands(pixels, block):
        base = tiles[:, block // 2, block // 2 :: block].copy()
        tiles -= np.repeat(base, block, axis=1)[:, None]
        first = _sums(tiles, block) / block**2
        np.square(tiles, out=tiles)
        variance[band] = _sums(tiles, block) / block**2 - first**2
        mean[band] = first + base
    return mean, np.sqrt(np.maximum(variance, 0))


def block_means(pixels: NDArray[Any], block: int) -> NDArray[np.float32]:
    """Mean of every block x block square of pixels (h, w), (h // block, w // block)."""
    mean = np.empty((pixels.shape[0] // block, pixels.shape[1] // block), dtype=np.float32)
    for band, tiles in _bands(pixels, block):
        mean[band] = _sums(tiles, block) / block**2
    return mean


def _bands(pixels: NDArray[Any], block: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """(rows of blocks, their pixels (r, block, c * block)); a rest that fills no block is left out."""
    rows, columns = pixels.shape[0] // block, pixels.shape[1] // block
    for top in range(0, rows, BAND_ROWS):
        bottom = min(top + BAND_ROWS, rows)
        tiles = pixels[top * block : bottom * block, : columns * block].reshape(-1, block, columns * block)
        yield slice(top, bottom), tiles.astype(np.float32)


def _sums(tiles: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """(r, block, c * block) to the sums (r, c) of its blocks."""
    down = tiles.sum(1)
    total = down[:, ::block].copy()
    for column in range(1, block):
        total += down[:, column::block]
    return total

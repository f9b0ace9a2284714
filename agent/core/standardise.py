"""Counts of any camera to the detector's two channels: the mean, and the local spread of the full-resolution frame.

Pure. One pass over the frame's pixels at full resolution; everything after it works on some hundred pixels square.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, median_filter

from agent.core.result import UnusableFrame

SMALLEST_SIDE_PX = 64
ILLUMINATION_NM = 12.0
"""Sigma of the blur that stands for uneven illumination."""


def usable(pixels: NDArray[Any]) -> None:
    """Refuse what cannot be an HRTEM frame.

    Raises:
        UnusableFrame: the frame is too small, not finite, or constant.
    """
    height_px, width_px = pixels.shape
    if min(height_px, width_px) < SMALLEST_SIDE_PX:
        raise UnusableFrame(
            f"a frame needs at least {SMALLEST_SIDE_PX} x {SMALLEST_SIDE_PX} pixels, got {height_px} x {width_px}"
        )
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        bad = int(pixels.size - np.isfinite(pixels).sum())
        raise UnusableFrame(f"{bad} of {pixels.size} pixels are not finite numbers")
    if pixels.min() == pixels.max():
        raise UnusableFrame(f"every pixel has the same value, {pixels.flat[0]}: no image")


def channels(
    pixels: NDArray[Any], pixel_size_nm: float, target_pixel_size_nm: float, divisor: int
) -> tuple[NDArray[np.float32], float]:
    """(2, h, w) float32 and the camera pixels for one map pixel; the upper left corners coincide.

    Channel 0 is the block mean, channel 1 the logarithm of the standard deviation within blocks; both have their slow
    background taken off and are divided by a robust spread, so that gain, offset and illumination drop out. Blocks are
    a whole number of pixels, so the map's pixel size is the nearest to `target_pixel_size_nm` that the camera allows.
    Both sides are padded by reflection to multiples of `divisor`.
    """
    block = max(1, round(target_pixel_size_nm / pixel_size_nm))
    height, width = (n // block * block for n in pixels.shape)
    if min(height, width) < 2 * block:
        raise UnusableFrame(f"the frame is only {min(pixels.shape) * pixel_size_nm:.2f} nm wide")
    mean, spread = _block_moments(pixels[:height, :width], block)
    mean, spread = _without_outliers(mean), _without_outliers(spread)
    sigma = ILLUMINATION_NM / (block * pixel_size_nm)
    level = gaussian_filter(mean, sigma, mode="nearest")
    stacked = np.stack([_scaled(mean - level), _scaled(np.log(spread + 1e-3 * np.median(spread) + 1e-6))])
    return _padded(stacked, divisor), float(block)


def _block_moments(pixels: NDArray[Any], block: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of every block x block square, (h, w) each."""
    tiles = np.asarray(pixels, dtype=np.float32)
    tiles = tiles.reshape(tiles.shape[0] // block, block, tiles.shape[1] // block, block)
    mean = tiles.mean((1, 3))
    variance = np.einsum("iajb,iajb->ij", tiles - mean[:, None, :, None], tiles - mean[:, None, :, None]) / block**2
    return mean, np.sqrt(variance).astype(np.float32)


def _without_outliers(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blocks that a hot or dead pixel has spoiled take their neighbours' median."""
    smooth = median_filter(values, 3, mode="nearest")
    off = np.abs(values - smooth)
    return np.where(
        off > 6 * np.median(off) + 1e-12,
        np.clip(values, smooth - 6 * np.median(off), smooth + 6 * np.median(off)),
        values,
    ).astype(np.float32)


def _scaled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median to 0, median absolute deviation to 0.6745 (a Gaussian's sigma to 1), clipped at 8."""
    centred = values - np.median(values)
    spread = np.median(np.abs(centred)) / 0.6745
    return np.clip(centred / max(float(spread), 1e-12), -8, 8).astype(np.float32)


def _padded(stacked: NDArray[np.float32], divisor: int) -> NDArray[np.float32]:
    _, height, width = stacked.shape
    return np.pad(stacked, ((0, 0), (0, -height % divisor), (0, -width % divisor)), mode="symmetric")

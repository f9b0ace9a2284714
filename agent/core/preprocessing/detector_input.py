"""Counts of any camera to the detector's two channels: the mean, and the local spread of the full-resolution frame.

Pure. One pass over the frame's pixels at full resolution; everything after it works on some hundred pixels square.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from agent.core.preprocessing.block_statistics import block_moments
from agent.core.preprocessing.robust_statistics import TO_SIGMA, median, median3x3
from agent.core.results import UnusableFrame

VERSION = "channels-v1"
"""Names what `detector_input` computes. Whoever changes one bit of its result gives it another name: cards, datasets
and checkpoints hold the name, and networks of another one are refused."""
SMALLEST_SIDE_PX = 64
LARGEST_COUNT = 1e15
"""Beyond any camera, and far below where squares of single-precision numbers end."""
ILLUMINATION_NM = 12.0
"""Sigma of the blur that stands for uneven illumination."""
KNOTS_A_SIGMA = 10
"""Knots of the spline through that blur, for each of its sigmas."""


def check_pixels(pixels: NDArray[Any]) -> None:
    """Refuse pixels (h, w) that cannot be an HRTEM frame.

    Raises:
        UnusableFrame: the frame is too small, not finite, beyond all counts, or constant.
    """
    height_px, width_px = pixels.shape
    if min(height_px, width_px) < SMALLEST_SIDE_PX:
        raise UnusableFrame(
            f"a frame needs at least {SMALLEST_SIDE_PX} x {SMALLEST_SIDE_PX} pixels, got {height_px} x {width_px}"
        )
    low, high = pixels.min(), pixels.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(pixels.size - np.isfinite(pixels).sum())
        raise UnusableFrame(f"{bad} of {pixels.size} pixels are not finite numbers")
    if max(abs(float(low)), abs(float(high))) > LARGEST_COUNT:
        raise UnusableFrame(f"pixels from {low:g} to {high:g} are not counts: {LARGEST_COUNT:g} is the most")
    if low == high:
        raise UnusableFrame(f"every pixel has the same value, {low}: no image")


def detector_input(
    pixels: NDArray[Any], pixel_size_nm: float, target_pixel_size_nm: float, divisor: int
) -> tuple[NDArray[np.float32], float]:
    """(2, h, w) float32 and the camera pixels for one map pixel; the upper left corners coincide.

    Channel 0 is the block mean, channel 1 the logarithm of the standard deviation within blocks; both have their slow
    background taken off and are divided by a robust spread, so that gain, offset and illumination drop out. Blocks are
    a whole number of pixels, so the map's pixel size is the nearest to `target_pixel_size_nm` that the camera allows.
    Both sides are padded by reflection to multiples of `divisor`.

    Raises:
        UnusableFrame: the frame is narrower than two blocks.
    """
    # Blocks of whole camera pixels, as near to the wanted map pixel as that allows.
    block = max(1, round(target_pixel_size_nm / pixel_size_nm))
    if min(pixels.shape) < 2 * block:
        raise UnusableFrame(f"the frame is only {min(pixels.shape) * pixel_size_nm:.2f} nm wide")
    mean, spread = block_moments(pixels, block)
    # Mean without its slow background; texture as a logarithm, so that gain becomes an offset and drops out.
    mean, spread = _without_outliers(mean), _without_outliers(spread)
    sigma = ILLUMINATION_NM / (block * pixel_size_nm)
    grain = np.log(spread + (1e-3 * median(spread) + 1e-6))
    return _padded(np.stack([_scaled(mean - _blurred(mean, sigma)), _scaled(grain)]), divisor), float(block)


def _without_outliers(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blocks that a hot or dead pixel has spoiled take their neighbours' median."""
    smooth = median3x3(values)
    reach = np.float32(6 * median(np.abs(values - smooth)))
    return np.where(np.abs(values - smooth) > reach + 1e-12, np.clip(values, smooth - reach, smooth + reach), values)


def _blurred(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur, the border repeated, as `scipy.ndimage.gaussian_filter(…, mode="nearest")` within 1e-5.

    The blurred map changes slowly: it is computed on a grid of some `sigma / KNOTS_A_SIGMA`, joined by cubic splines.
    """
    down, right = (_slow(n, sigma) for n in values.shape)
    coarse = down[0] @ values @ right[0].T
    return np.asarray(down[1] @ coarse @ right[1].T)


@lru_cache(maxsize=16)
def _slow(length: int, sigma: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(blur at the knots (k, length), splines through the knots (length, k))."""
    count = min(length, max(4, math.ceil(length * KNOTS_A_SIGMA / sigma) + 1))
    knots = np.unique(np.round(np.linspace(0, length - 1, count)).astype(int))
    reach = int(4 * sigma + 0.5)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    blur = np.zeros((len(knots), length))
    which = np.clip(knots[:, None] + steps, 0, length - 1)
    np.add.at(blur, (np.arange(len(knots))[:, None], which), weights / weights.sum())
    through = make_interp_spline(knots, np.eye(len(knots)), k=min(3, len(knots) - 1))(np.arange(length))
    return blur.astype(np.float32), through.astype(np.float32)


def _scaled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median to 0, median absolute deviation to 0.6745 (a Gaussian's sigma to 1), clipped at 8."""
    centred = values - np.float32(median(values))
    spread = median(np.abs(centred)) / TO_SIGMA
    return np.clip(centred * np.float32(1 / max(spread, 1e-12)), -8, 8)


def _padded(stacked: NDArray[np.float32], divisor: int) -> NDArray[np.float32]:
    _, height, width = stacked.shape
    return np.pad(stacked, ((0, 0), (0, -height % divisor), (0, -width % divisor)), mode="symmetric")

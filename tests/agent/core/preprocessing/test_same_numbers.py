"""The fast preprocessing gives the numbers of a plain one, written down without care for speed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import (
    gaussian_filter,
    map_coordinates,
    median_filter,
    spline_filter,
)

from agent.core.preprocessing.classifier_input import OUTLIERS_SIGMA, cut_patches
from agent.core.preprocessing.detector_input import ILLUMINATION_NM, detector_input

TOLERANCE = 1e-4
"""Of the standard deviation, which is 1 in both inputs."""


def frame(dtype: str, shape: tuple[int, int] = (320, 410)) -> NDArray[Any]:
    """Lattice fringes on a slope with shot noise, hot and dead pixels."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[: shape[0], : shape[1]]
    clean = 40 + 8 * np.sin(y / 1.3) * np.cos(x / 1.7) + x / 50
    for row, column, radius in ((100, 110, 45), (240, 200, 55), (150, 350, 60)):
        clean[np.hypot(y - row, x - column) < radius] *= 0.6
    counts = rng.poisson(clean).astype(np.float64)
    counts[::97, ::89] = 250
    counts[::83, ::101] = 0
    return counts.astype(dtype)


def plain_channels(pixels: NDArray[Any], pixel_size_nm: float, target_nm: float, divisor: int) -> NDArray[np.float64]:
    """`channels` written down without care for speed, in double precision."""
    block = max(1, round(target_nm / pixel_size_nm))
    rows, columns = (n // block for n in pixels.shape)
    tiles = pixels[: rows * block, : columns * block].astype(np.float64).reshape(rows, block, columns, block)

    def calm(values: NDArray[np.float64]) -> NDArray[np.float64]:
        smooth = median_filter(values, 3, mode="nearest")
        reach = 6 * np.median(np.abs(values - smooth))
        return np.clip(values, smooth - reach, smooth + reach)

    def scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
        centred = values - np.median(values)
        return np.clip(centred / max(np.median(np.abs(centred)) / 0.6745, 1e-12), -8, 8)

    mean, spread = calm(tiles.mean((1, 3))), calm(tiles.std((1, 3)))
    level = gaussian_filter(mean, ILLUMINATION_NM / (block * pixel_size_nm), mode="nearest")
    both = np.stack([scaled(mean - level), scaled(np.log(spread + 1e-3 * np.median(spread) + 1e-6))])
    return np.pad(both, ((0, 0), (0, -rows % divisor), (0, -columns % divisor)), mode="symmetric")


def plain_patch(
    pixels: NDArray[Any], at: NDArray[np.float64], size_nm: float, side: int, patch_nm: float
) -> NDArray[Any]:
    """`cut_patches` for one centre by scipy's own filters on a window."""
    ratio = patch_nm / size_nm
    sigma = np.sqrt((ratio**2 - 1) / 12) if ratio > 1 else 0.0
    margin = int(np.ceil(4 * sigma)) + 4
    rows, columns = (a + (np.arange(side) - (side - 1) / 2) * ratio for a in at)
    top, left = (int(np.floor(r[0])) - margin for r in (rows, columns))
    bottom, right = (int(np.ceil(r[-1])) + margin + 1 for r in (rows, columns))
    inside = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)].astype(np.float64)
    middle = np.median(inside)
    spread = np.median(np.abs(inside - middle)) / 0.6745
    window = np.full((bottom - top, right - left), middle)
    part = np.clip(inside, middle - OUTLIERS_SIGMA * spread, middle + OUTLIERS_SIGMA * spread)
    y, x = max(-top, 0), max(-left, 0)
    window[y : y + part.shape[0], x : x + part.shape[1]] = part
    window = spline_filter(gaussian_filter(window, sigma, mode="nearest") if sigma else window, order=3)
    grid = np.meshgrid(rows - top, columns - left, indexing="ij")
    patch = map_coordinates(window, grid, order=3, prefilter=False, mode="nearest")
    return (patch - patch.mean()) / patch.std()


KINDS = [("uint8", 0.05), ("int16", 0.05), ("uint32", 0.05), ("int32", 0.05), ("float32", 0.05)]


@pytest.mark.parametrize(("dtype", "pixel_size_nm"), [*KINDS, *(("uint16", size) for size in (0.02, 0.047, 0.06, 0.2))])
def test_channels_are_those_of_the_plain_reference(dtype: str, pixel_size_nm: float) -> None:
    pixels = frame(dtype)
    ours, scale = detector_input(pixels, pixel_size_nm, 0.24, 8)
    plain = plain_channels(pixels, pixel_size_nm, 0.24, 8)
    assert scale == max(1, round(0.24 / pixel_size_nm))
    # a map without texture inside its blocks has no spread to be divided by
    layers = slice(0, 1) if scale == 1 else slice(None)
    assert np.abs(ours[layers] - plain[layers]).max() < TOLERANCE


@pytest.mark.parametrize(
    ("dtype", "pixel_size_nm"), [*KINDS, *(("uint16", size) for size in (0.02, 0.047, 0.075, 0.1))]
)
def test_patches_are_those_of_the_plain_reference(dtype: str, pixel_size_nm: float) -> None:
    pixels = frame(dtype)
    centres = np.array([[160.0, 200.0], [133.3, 201.7], [4.2, 403.9], [-3.0, 100.0]])
    ours = cut_patches(pixels, centres, pixel_size_nm, 128, 0.075)
    for number, at in enumerate(centres):
        plain = plain_patch(pixels, at, pixel_size_nm, 128, 0.075)
        assert np.abs(ours[number, 0] - plain).max() < TOLERANCE

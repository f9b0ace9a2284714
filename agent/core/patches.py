"""Centres to patches at the classifier's pixel size. Pure; training and live cut with this very function."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates, spline_filter

OUTLIERS_SIGMA = 6.0
"""Counts farther than this from the median are clipped before anything is averaged: hot and dead pixels."""


def cut_patches(
    pixels: NDArray[Any],
    centres_px: NDArray[np.floating],
    pixel_size_nm: float,
    patch_px: int,
    patch_pixel_size_nm: float,
) -> NDArray[np.float32]:
    """(n, 1, p, p) float32 patches about centres (n, 2), y then x, in pixels of the frame; ``patch-v1``.

    The frame is smoothed to the coarser of the two pixel sizes and sampled by cubic splines; what lies outside the
    frame is filled with the window's median. Each patch has mean 0 and standard deviation 1.
    """
    patches = np.empty((len(centres_px), 1, patch_px, patch_px), dtype=np.float32)
    ratio = patch_pixel_size_nm / pixel_size_nm
    offsets_px = (np.arange(patch_px) - (patch_px - 1) / 2) * ratio
    for number, (y_px, x_px) in enumerate(np.asarray(centres_px, dtype=np.float64)):
        patches[number, 0] = _normalised(_sampled(pixels, y_px + offsets_px, x_px + offsets_px, ratio))
    return patches


def _sampled(
    pixels: NDArray[Any], rows_px: NDArray[np.float64], columns_px: NDArray[np.float64], ratio: float
) -> NDArray[np.float32]:
    # A box of one camera pixel is already in the counts; what is missing to a box of one patch pixel is added in
    # quadrature as a Gaussian of the same variance.
    sigma_px = float(np.sqrt(max(ratio**2 - 1, 0) / 12)) if ratio > 1 else 0.0
    margin = int(np.ceil(4 * sigma_px)) + 4
    top, bottom = int(np.floor(rows_px[0])) - margin, int(np.ceil(rows_px[-1])) + margin + 1
    left, right = int(np.floor(columns_px[0])) - margin, int(np.ceil(columns_px[-1])) + margin + 1
    height, width = pixels.shape
    inside = pixels[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)].astype(np.float32)
    median = float(np.median(inside))
    spread = float(np.median(np.abs(inside - median))) / 0.6745
    if spread > 0:
        np.clip(inside, median - OUTLIERS_SIGMA * spread, median + OUTLIERS_SIGMA * spread, out=inside)
    window = np.full((bottom - top, right - left), median, dtype=np.float32)
    y0, x0 = max(-top, 0), max(-left, 0)
    window[y0 : y0 + inside.shape[0], x0 : x0 + inside.shape[1]] = inside
    if sigma_px > 0:
        window = gaussian_filter(window, sigma_px, mode="nearest")
    window = spline_filter(window, order=3, output=np.float32)
    grid = np.meshgrid(rows_px - top, columns_px - left, indexing="ij")
    return np.asarray(map_coordinates(window, grid, order=3, prefilter=False, mode="nearest"), dtype=np.float32)


def _normalised(patch: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = float(patch.std())
    return (patch - patch.mean()) / (spread if spread > 0 else 1.0)

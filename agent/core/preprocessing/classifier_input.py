"""Centres to patches at the classifier's pixel size. Pure; training and live cut with this very function.

Smoothing, spline filter and sampling act on rows and on columns apart, and are linear: a patch is R @ window @ C^T.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, spline_filter1d

from agent.core.preprocessing.robust_statistics import median_and_sigma

VERSION = "patch-v1"
"""Names what `cut_patches` computes. Whoever changes one bit of its result gives it another name: cards, datasets and
checkpoints hold the name, and networks of another one are refused."""

OUTLIERS_SIGMA = 6.0
"""Counts farther than this from the median are clipped before anything is averaged: hot and dead pixels."""

NEGLIGIBLE = 1e-15
"""A weight that no sum in single precision notices."""


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
    # The window that the samples, their splines and the blur need, and the part of it that the frame holds.
    margin = int(np.ceil(4 * sigma_px)) + 4
    top, bottom = int(np.floor(rows_px[0])) - margin, int(np.ceil(rows_px[-1])) + margin + 1
    left, right = int(np.floor(columns_px[0])) - margin, int(np.ceil(columns_px[-1])) + margin + 1
    height, width = pixels.shape
    seen = pixels[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    # Counts become deviations from the median, so that zero fills what lies outside; hot and dead pixels are clipped.
    middle, spread = median_and_sigma(seen)
    inside = seen.astype(np.float32)
    inside -= np.float32(middle)
    if spread > 0:
        np.clip(inside, -OUTLIERS_SIGMA * spread, OUTLIERS_SIGMA * spread, out=inside)
    if inside.shape == (bottom - top, right - left):
        window = inside
    else:
        window = np.zeros((bottom - top, right - left), dtype=np.float32)
        y0, x0 = max(-top, 0), max(-left, 0)
        window[y0 : y0 + inside.shape[0], x0 : x0 + inside.shape[1]] = inside
    # Blur, spline and sampling in one product from each side.
    down = _sampler(rows_px - top, window.shape[0], sigma_px)
    right_way = _sampler(columns_px - left, window.shape[1], sigma_px)
    return np.asarray(down @ window @ right_way.T)


def _sampler(at_px: NDArray[np.float64], length: int, sigma_px: float) -> NDArray[np.float32]:
    """(p, length): samples at (p,) of a line that is smoothed and joined by a cubic spline.

    Between two knots, t the way from one to the next, the B-splines of the four nearest weigh
    [(1 - t)^3, 3t^3 - 6t^2 + 4, -3t^3 + 3t^2 + 3t + 1, t^3] / 6 (M. Unser, IEEE Signal Process. Mag. 16 (1999) 22).
    """
    first = np.floor(at_px).astype(int)
    t = (at_px - first)[:, None]
    coefficients = _coefficients(length, sigma_px)
    weights = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    total = np.zeros((len(at_px), length), dtype=np.float32)
    for step, weight in enumerate(weights, start=-1):
        total += (weight / 6).astype(np.float32) * coefficients[first + step]
    return total


@lru_cache(maxsize=8)
def _coefficients(length: int, sigma_px: float) -> NDArray[np.float32]:
    """(length, length): a line to its spline coefficients after a Gaussian blur."""
    line = np.eye(length)
    if sigma_px > 0:
        line = gaussian_filter1d(line, sigma_px, axis=0, mode="nearest")
    coefficients = np.asarray(spline_filter1d(line, order=3, axis=0), dtype=np.float32)
    # They fall by 0.27 a pixel, within 70 pixels to denormal numbers, whose products some processors do in microcode.
    coefficients[np.abs(coefficients) < NEGLIGIBLE] = 0
    coefficients.flags.writeable = False
    return coefficients


def _normalised(patch: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = float(patch.std())
    return (patch - patch.mean()) / (spread if spread > 0 else 1.0)

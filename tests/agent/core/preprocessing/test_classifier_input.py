"""Centres to patches."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import (
    gaussian_filter1d,
    spline_filter1d,
)

from agent.core.preprocessing import classifier_input as patches
from agent.core.preprocessing.classifier_input import cut_patches


def test_a_patch_is_the_same_whatever_the_camera_pixel() -> None:
    """A smooth pattern seen at 0.03 and at 0.05 nm a pixel gives one patch."""

    def seen(pixel_size_nm: float) -> np.ndarray:
        n = round(20 / pixel_size_nm)
        at_nm = (np.arange(n) + 0.5) * pixel_size_nm
        image = 100 + 20 * np.sin(2 * np.pi * at_nm[:, None] / 1.1) * np.cos(2 * np.pi * at_nm[None, :] / 0.7)
        centre = np.array([[10 / pixel_size_nm - 0.5] * 2])
        return cut_patches(image.astype(np.float32), centre, pixel_size_nm, 128, 0.075)[0, 0]

    one, two = seen(0.03), seen(0.05)
    assert np.abs(one - two).max() < 0.15
    assert one.mean() == pytest.approx(0, abs=1e-4)
    assert one.std() == pytest.approx(1, abs=1e-3)


def test_what_lies_outside_the_frame_is_filled() -> None:
    image = np.random.default_rng(1).poisson(100, (200, 200)).astype(np.uint16)
    patch = cut_patches(image, np.array([[5.0, 5.0]]), 0.05, 128, 0.075)[0, 0]
    assert np.isfinite(patch).all()
    assert patch[:40, :40].std() < 0.1


@pytest.mark.parametrize("ratio", [1.25, 2.5, 3.75])
def test_no_weight_of_the_sampler_is_a_denormal_number(ratio: float) -> None:
    """Products with denormal numbers took three quarters of the time of cutting on one processor."""
    sigma_px = np.sqrt((ratio**2 - 1) / 12)
    weights = patches._coefficients(400, float(sigma_px))
    assert np.abs(weights[weights != 0]).min() > np.finfo(np.float32).tiny
    exact = spline_filter1d(gaussian_filter1d(np.eye(400), sigma_px, axis=0, mode="nearest"), order=3, axis=0)
    assert np.abs(weights - exact).max() < 1e-6

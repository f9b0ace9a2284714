"""Counts to the detector's maps."""

from __future__ import annotations

import numpy as np

from agent.core.preprocessing.detector_input import detector_input


def test_the_map_pixel_is_a_whole_number_of_camera_pixels_and_sides_divide() -> None:
    maps, scale = detector_input(np.random.default_rng(1).poisson(50, (500, 700)), 0.05, 0.24, 8)
    assert scale == 5
    assert maps.shape == (2, 104, 144)

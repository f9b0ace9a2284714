"""One frame to its particles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.core.config import AnalysisConfig
from agent.core.pipeline import analyse
from agent.core.results import NoPixelSize, UnusableFrame
from tests.fakes import fake_networks, field

CONFIG = AnalysisConfig()


def test_three_discs_are_found_where_they_are_and_as_big_as_they_are() -> None:
    result = analyse(field(), fake_networks(), CONFIG)
    found = sorted((round(p.y_px, -1), round(p.x_px, -1)) for p in result.particles)
    assert found == [(100, 110), (150, 350), (280, 200)]
    sizes = sorted(p.diameter_nm for p in result.particles)
    assert sizes == pytest.approx([4.5, 5.5, 6.0], abs=0.4)
    assert all(abs(p.probabilities.sum() - 1) < 1e-9 for p in result.particles)


def test_gain_and_offset_change_nothing() -> None:
    frame = field()
    louder = replace(frame, pixels=(frame.pixels.astype(np.float32) * 7 + 900).astype(np.float32))
    one, two = (analyse(f, fake_networks(), CONFIG) for f in (frame, louder))
    assert [p.diameter_nm for p in one.particles] == pytest.approx([p.diameter_nm for p in two.particles], rel=0.02)
    for a, b in zip(one.particles, two.particles, strict=True):
        assert np.allclose(a.probabilities, b.probabilities, atol=0.02)


def test_uneven_illumination_and_hot_pixels_change_little() -> None:
    frame = field()
    slope = np.linspace(0.8, 1.2, frame.pixels.shape[1])
    tilted = (frame.pixels * slope).astype(np.uint16)
    tilted[::97, ::89] = 60000
    result = analyse(replace(frame, pixels=tilted), fake_networks(), CONFIG)
    assert len(result.particles) == 3


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((100, 100), 7, np.uint16), "same value, 7"),
        (np.zeros((100, 100), np.uint16), "same value, 0"),
        (np.ones((1, 1), np.uint16), "at least 64 x 64 pixels, got 1 x 1"),
        (np.full((100, 100), np.nan, np.float32), "10000 of 10000 pixels are not finite"),
    ],
)
def test_what_is_no_image_is_refused_with_the_reason(pixels: np.ndarray, message: str) -> None:
    with pytest.raises(UnusableFrame, match=message):
        analyse(replace(field(), pixels=pixels), fake_networks(), CONFIG)


def test_a_missing_pixel_size_is_refused_with_the_way_to_give_it() -> None:
    frame = field(pixel_size_nm=None)
    with pytest.raises(NoPixelSize, match="--pixel-size-nm"):
        analyse(frame, fake_networks(), CONFIG)
    assert len(analyse(frame, fake_networks(), AnalysisConfig(pixel_size_nm=0.05)).particles) == 3

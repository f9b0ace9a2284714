"""A frame made small for a screen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.core.config import AnalysisConfig
from agent.core.pipeline import analyse
from agent.edge.session.thumbnail import LARGEST_SIDE_PX, thumbnail
from tests.fakes import fake_networks, field


def test_the_picture_is_small_and_stretched_and_marks_stay_in_pixels_of_the_frame() -> None:
    frame = field(0, shape=(1600, 900))
    result = analyse(frame, fake_networks(), AnalysisConfig())
    view = thumbnail(frame, result, tuple(range(10, 10 + len(result.particles))))
    assert (view.image.dtype, view.scale, view.shape_px) == (np.uint8, 3.0, (1600, 900))
    assert max(view.image.shape) <= LARGEST_SIDE_PX
    assert (view.image.min(), view.image.max()) == (0, 255)
    assert [p.track for p in view.particles] == [10, 11, 12]
    assert sorted(round(p.y_px, -1) for p in view.particles) == [100, 150, 280]


@pytest.mark.parametrize(("given_nm", "provenance"), [(None, "metadata"), (0.04, "user")])
def test_it_says_where_the_pixel_size_came_from(given_nm: float | None, provenance: str) -> None:
    result = analyse(field(0), fake_networks(), AnalysisConfig(pixel_size_nm=given_nm))
    view = thumbnail(field(0), result, tuple(range(len(result.particles))))
    assert (view.pixel_size_nm, view.pixel_size_provenance) == (given_nm or 0.05, provenance)


def test_a_strip_keeps_something_of_its_width() -> None:
    frame = replace(field(0), pixels=field(0, shape=(4000, 480)).pixels[:, :2].copy())
    result = replace(analyse(field(0), fake_networks(), AnalysisConfig()), particles=())
    assert thumbnail(frame, result, ()).image.shape == (2000, 1)

"""The edge of a disc that one can check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.outlines import from_outline_nm, half_way_nm

PIXEL_NM = 0.03


def disc(radius_nm: float) -> np.ndarray:
    y, x = (np.mgrid[:200, :200] - 99.5) * PIXEL_NM
    return np.asarray(np.hypot(y, x) < radius_nm)


def test_distances_are_negative_inside_and_zero_at_the_outline() -> None:
    distance_nm = from_outline_nm(disc(1.5), PIXEL_NM)
    assert distance_nm[100, 100] == pytest.approx(-1.5, abs=0.05)
    assert distance_nm[100, 199] == pytest.approx(99.5 * PIXEL_NM - 1.5, abs=0.05)


@pytest.mark.parametrize("wider_nm", [-0.3, 0.0, 0.36])
def test_the_edge_lies_as_far_from_the_outline_as_the_disc_is_wider(wider_nm: float) -> None:
    grey = np.where(disc(1.5 + wider_nm), 80.0, 130.0)
    assert half_way_nm(from_outline_nm(disc(1.5), PIXEL_NM), grey, 80, 130) == pytest.approx(wider_nm, abs=0.06)


def test_without_an_edge_there_is_no_distance() -> None:
    distance_nm = from_outline_nm(disc(1.5), PIXEL_NM)
    assert np.isnan(half_way_nm(distance_nm, np.full(distance_nm.shape, 80.0), 80, 130))

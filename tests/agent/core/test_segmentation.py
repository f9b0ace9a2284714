"""Score maps to outlines."""

from __future__ import annotations

import numpy as np
import pytest

from agent.core.config import SegmentationConfig
from agent.core.segmentation import segment


def test_touching_particles_are_parted_by_their_centres() -> None:
    y, x = np.mgrid[:64, :64]
    a, b = np.hypot(y - 32, x - 22), np.hypot(y - 32, x - 42)
    body = ((a < 10.5) | (b < 10.5)).astype(np.float32)
    centre = np.clip(1 - np.minimum(a, b) / 10, 0, 1).astype(np.float32) ** 2
    found = segment(
        np.stack([body, centre, np.zeros_like(body)]),
        4.0,
        0.06,
        (256, 256),
        SegmentationConfig(threshold=0.5, smallest_nm=1, largest_nm=9),
    )
    assert len(found) == 2
    assert sorted(round(o.x_px) for o in found) == pytest.approx([89.5, 169.5], abs=2)
    assert all(o.diameter_nm == pytest.approx(21 * 0.24, rel=0.06) for o in found)


def test_a_particle_cut_by_the_edge_says_so() -> None:
    body = np.zeros((3, 64, 64), dtype=np.float32)
    body[:2, :12, 20:32] = 1
    body[:2, 30:42, 20:32] = 1
    found = segment(body, 4.0, 0.06, (256, 256), SegmentationConfig(threshold=0.5, smallest_nm=1, largest_nm=9))
    assert sorted(o.touches_border for o in found) == [False, True]


def test_a_sliver_at_the_edge_is_judged_by_its_width_and_a_speck_by_its_area() -> None:
    body = np.zeros((3, 64, 64), dtype=np.float32)
    body[:2, :3, 20:29] = 1  # 9 x 3 map pixels of 0.24 nm: 2.2 nm wide, as large as a disc of 1.4 nm
    body[:2, 30:33, 20:29] = 1
    found = segment(body, 4.0, 0.06, (256, 256), SegmentationConfig(threshold=0.5, smallest_nm=1.5, largest_nm=9))
    assert [round(o.y_px) for o in found] == [6]
    assert not segment(body, 4.0, 0.06, (256, 256), SegmentationConfig(threshold=0.5, smallest_nm=2.5, largest_nm=9))


def test_a_stripe_along_the_edge_is_no_particle() -> None:
    body = np.zeros((3, 64, 64), dtype=np.float32)
    body[:2, :2, :] = 1  # 15.4 nm long, as large as a disc of 3.1 nm
    assert not segment(body, 4.0, 0.06, (256, 256), SegmentationConfig(threshold=0.5, smallest_nm=1.5, largest_nm=15))

"""What the detector should answer: maps of particles whose distances a person can count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.propagation.grid import Grid
from simulator.scenes.composition import compose
from simulator.scenes.placement import Placement
from simulator.scenes.truth import FrameTruth, View, frame_truth
from tests.simulator.discs import PIXEL_SIZE_NM as FIELD_PIXEL_NM
from tests.simulator.discs import disc
from trainer.data.targets import BORDER_NM, target_maps, truth_maps

PIXEL_NM = 0.1


def test_a_particle_has_one_peak_in_its_middle_and_falls_to_its_edge() -> None:
    """A square of nine pixels: its middle is five pixels from the nearest outside, its rim one."""
    labels = np.zeros((15, 15), dtype=np.int32)
    labels[3:12, 3:12] = 1
    particle, centre, border = truth_maps(labels, PIXEL_NM)
    assert particle.sum() == 81
    assert np.argwhere(centre == 1).tolist() == [[7, 7]]
    assert centre[3, 7] == pytest.approx((1 / 5) ** 2)
    assert centre[labels == 0].max() == border.max() == 0


@pytest.mark.parametrize(("gap_px", "parted"), [(2, True), (4, True), (12, False)])
def test_a_border_lies_between_two_particles_that_are_near(gap_px: int, parted: bool) -> None:
    labels = np.zeros((20, 40), dtype=np.int32)
    labels[5:15, 5:15] = 1
    labels[5:15, 15 + gap_px : 25 + gap_px] = 2
    border = truth_maps(labels, PIXEL_NM)[2].astype(bool)
    between = border[10, 15 : 15 + gap_px]
    assert between.all() if parted else not between.any()


def test_a_border_is_as_wide_as_it_is_said_whatever_the_pixel() -> None:
    """Of two particles that touch: as far into either as the other is near, in nm."""
    widths_nm = []
    for scale in (1, 2):
        labels = np.zeros((20 * scale, 40 * scale), dtype=np.int32)
        labels[:, : 20 * scale], labels[:, 20 * scale :] = 1, 2
        border = truth_maps(labels, PIXEL_NM / scale)[2]
        widths_nm.append(border[0].sum() * PIXEL_NM / scale)
    assert widths_nm == pytest.approx([2 * BORDER_NM] * 2, abs=2 * PIXEL_NM)


def test_no_particle_is_no_map() -> None:
    assert not truth_maps(np.zeros((4, 4), dtype=np.int32), PIXEL_NM).any()


@given(st.permutations([1, 2, 3]))
def test_the_numbers_of_the_particles_do_not_matter(numbers: list[int]) -> None:
    labels = np.zeros((24, 24), dtype=np.int32)
    labels[2:10, 2:10], labels[2:10, 11:20], labels[13:22, 4:12] = 1, 2, 3
    renamed = np.array([0, *numbers], dtype=np.int32)[labels]
    np.testing.assert_array_equal(truth_maps(renamed, PIXEL_NM), truth_maps(labels, PIXEL_NM))


def test_a_number_that_no_pixel_has_is_no_particle() -> None:
    labels = np.zeros((12, 12), dtype=np.int32)
    labels[3:9, 3:9] = 5
    np.testing.assert_array_equal(truth_maps(labels, PIXEL_NM), truth_maps(np.minimum(labels, 1), PIXEL_NM))


def test_maps_turn_with_the_particles() -> None:
    labels = np.zeros((20, 20), dtype=np.int32)
    labels[2:9, 3:12], labels[10:18, 5:11] = 1, 2
    turned = truth_maps(np.ascontiguousarray(np.rot90(labels)), PIXEL_NM)
    np.testing.assert_allclose(turned, np.rot90(truth_maps(labels, PIXEL_NM), axes=(1, 2)), atol=1e-6)


def truth_of(*centres_px: tuple[int, int], side_px: int = 240) -> FrameTruth:
    """Discs of 1.5 nm radius, seen whole by a camera with the field's pixels."""
    placed = [Placement(particle=disc(index=n), y_px=y, x_px=x) for n, (y, x) in enumerate(centres_px)]
    field = compose(None, placed, Grid(size_px=side_px, pixel_size_nm=FIELD_PIXEL_NM), 300.0)
    view = View(
        corner_px=(0, 0),
        shape_px=(side_px, side_px),
        pixel_size_nm=FIELD_PIXEL_NM,
        field_pixel_size_nm=FIELD_PIXEL_NM,
    )
    return frame_truth(field, view)


def test_on_the_detector_s_grid_a_disc_has_its_area_and_its_peak_in_the_middle() -> None:
    """1.5 nm of radius are 6.25 pixels of 0.24 nm: an area of 122.7."""
    map_nm, shape = 0.24, (32, 32)
    particle, centre, border = target_maps(truth_of((120, 100)), shape, map_nm).astype(float) / 255
    assert particle.sum() == pytest.approx(np.pi * (1.5 / map_nm) ** 2, rel=0.03)
    # The field's pixel n has its centre at (n + 0.5) * 0.032 nm from the corner, the map's pixel m at (m + 0.5) * 0.24.
    peak = np.unravel_index(int(centre.argmax()), shape)
    assert np.abs(peak - (np.array([120.5, 100.5]) * FIELD_PIXEL_NM / map_nm - 0.5)).max() < 1
    assert border.max() == 0
    # A pixel away from the edge the map is sure: it is smoothed against steps and no further.
    y, x = np.mgrid[:32, :32] - (np.array([120.5, 100.5]) * FIELD_PIXEL_NM / map_nm - 0.5)[:, None, None]
    beyond_px = np.hypot(y, x) - 1.5 / map_nm
    assert particle[beyond_px < -1].min() > 0.95
    assert particle[beyond_px > 1].max() < 0.05


def test_on_the_detector_s_grid_a_border_parts_two_discs_that_touch() -> None:
    apart, touching = (target_maps(truth_of((120, 60), (120, 60 + gap_px)), (32, 32), 0.24)[2] for gap_px in (130, 95))
    assert apart.max() == 0
    assert touching.max() > 127
    assert abs(np.argwhere(touching > 127)[:, 1].mean() - ((60 + 47.5 + 0.5) * FIELD_PIXEL_NM / 0.24 - 0.5)) < 1

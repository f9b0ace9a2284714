"""What a camera sees, in its own pixels: labels, centres, shares, overlaps, and the way from the field and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.propagation.grid import Grid
from simulator.scenes.composition import FieldOfView, compose
from simulator.scenes.placement import Placement
from simulator.scenes.truth import View, frame_truth
from tests.simulator.discs import PIXEL_SIZE_NM, disc

SIDE_PX = 320
RADIUS_PX = 1.5 / PIXEL_SIZE_NM
SAME = View(
    corner_px=(0, 0), shape_px=(SIDE_PX, SIDE_PX), pixel_size_nm=PIXEL_SIZE_NM, field_pixel_size_nm=PIXEL_SIZE_NM
)
"""A camera with the pixels of the field, which sees all of it."""


def field_of(*centres_px: tuple[int, int]) -> FieldOfView:
    """Discs of 1.5 nm radius, 47 pixels, in vacuum."""
    placements = [Placement(particle=disc(index=n), y_px=y, x_px=x) for n, (y, x) in enumerate(centres_px)]
    return compose(None, placements, Grid(size_px=SIDE_PX, pixel_size_nm=PIXEL_SIZE_NM), 300.0)


@pytest.mark.parametrize("step_px", [None, 1, 4])
def test_a_whole_particle_has_its_centre_where_it_was_placed(step_px: int | None) -> None:
    """On every fourth pixel the centre is off by less than one of them."""
    (particle,) = frame_truth(field_of((100, 180)), SAME, step_px=step_px).particles
    assert (particle.y_px, particle.x_px) == pytest.approx((100, 180), abs=1e-9 if step_px != 4 else 0.6)
    assert particle.seen_share == pytest.approx(1, abs=0.02)
    assert not particle.touches_border
    assert not particle.overlaps


@pytest.mark.parametrize("step_px", [None, 4])
def test_half_of_a_particle_at_the_frame_s_edge_is_half_seen(step_px: int | None) -> None:
    (particle,) = frame_truth(field_of((0, 160)), SAME, step_px=step_px).particles
    assert particle.seen_share == pytest.approx(0.5, abs=0.03)
    assert particle.touches_border
    # The centre of a half disc lies 4 r / 3 pi from its straight side.
    assert particle.y_px == pytest.approx(4 * RADIUS_PX / (3 * np.pi), abs=0.7)


def test_labels_and_centres_follow_the_camera_s_corner_and_pixels() -> None:
    """Pixels twice as wide, from pixel (20, 30) on: the centre of pixel (100, 180) has index (100 + 1/2) / 2 - 1/2."""
    view = View(corner_px=(20, 30), shape_px=(100, 110), pixel_size_nm=0.064, field_pixel_size_nm=PIXEL_SIZE_NM)
    truth = frame_truth(field_of((100, 180)), view)
    (particle,) = truth.particles
    assert truth.labels.shape == (100, 110)
    assert (particle.y_px, particle.x_px) == pytest.approx((49.75 - 20, 89.75 - 30), abs=0.5)
    assert np.argwhere(truth.labels == 1).mean(0) == pytest.approx((particle.y_px, particle.x_px))


def test_identities_are_those_that_were_given() -> None:
    truth = frame_truth(field_of((80, 80), (240, 240)), SAME, identities=[7, 3])
    assert [p.identity for p in truth.particles] == [7, 3]
    assert set(np.unique(truth.labels)) == {0, 3, 7}


def test_what_the_camera_does_not_see_is_not_among_the_particles_but_its_wave_is_known() -> None:
    view = replace(SAME, shape_px=(120, 120))
    truth = frame_truth(field_of((60, 60), (260, 260)), view)
    assert [p.identity for p in truth.particles] == [1]
    assert [wave.index for wave in truth.waves] == [0, 1]


def test_particles_over_one_another_are_marked_and_have_a_common_centre() -> None:
    truth = frame_truth(field_of((200, 100), (200, 160), (60, 60)), SAME, step_px=1)
    assert [p.overlaps for p in truth.particles] == [True, True, False]
    assert truth.overlap is not None
    assert (truth.overlap.y_px, truth.overlap.x_px) == pytest.approx((200, 130), abs=1e-6)
    assert truth.overlap.seen_share == 1.0
    assert frame_truth(field_of((60, 60)), SAME).overlap is None


def test_a_point_without_a_particle_is_clear_of_all_of_them() -> None:
    truth = frame_truth(field_of((160, 160)), SAME, step_px=4)
    rng = np.random.default_rng(1)
    points = [p for p in (truth.point_without_particle(0.5, rng) for _ in range(20)) if p is not None]
    assert points
    assert min(np.hypot(*(p - 160)) for p in points) > RADIUS_PX + 0.5 / PIXEL_SIZE_NM - 4
    assert truth.point_without_particle(20.0, rng) is None


@given(st.floats(0, 300), st.floats(0, 300), st.floats(0.01, 0.2), st.integers(0, 50))
def test_a_point_of_the_field_is_found_again_from_the_camera_s_index(
    y_px: float, x_px: float, pixel_size_nm: float, corner_px: int
) -> None:
    """The camera's own index, its corner added, is on the field what it came from."""
    view = View(
        corner_px=(corner_px, 2 * corner_px),
        shape_px=(10, 10),
        pixel_size_nm=pixel_size_nm,
        field_pixel_size_nm=PIXEL_SIZE_NM,
    )
    at = view.camera_indices(np.array([[y_px, x_px]]))[0]
    back = (at + [corner_px, 2 * corner_px] + 0.5) * pixel_size_nm / PIXEL_SIZE_NM - 0.5
    assert back == pytest.approx((y_px, x_px), abs=1e-6)
    assert view.from_corner(np.array([[y_px, x_px]]))[0] == pytest.approx(at + 0.5, abs=1e-6)

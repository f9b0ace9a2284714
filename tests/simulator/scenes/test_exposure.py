"""Exposures drawn from an envelope: one lens, several cameras, truth in the pixels of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator import recipe
from simulator.propagation.grid import Grid
from simulator.recipe_file import read_envelope
from simulator.scenes.composition import RIM_NM, FieldOfView, compose
from simulator.scenes.exposure import draw_exposure, draw_exposures
from simulator.scenes.placement import Placement
from tests.simulator.discs import PIXEL_SIZE_NM, disc

ENVELOPE = replace(
    read_envelope(Path(recipe.__file__).parent / "recipes" / "task.toml"), dose_e_per_a2=(5000.0, 5000.0)
)


def field() -> FieldOfView:
    """A disc in the middle of a field of 10 nm."""
    placements = [Placement(particle=disc(), y_px=160, x_px=160)]
    return compose(None, placements, Grid(size_px=320, pixel_size_nm=PIXEL_SIZE_NM), 300.0)


def test_cameras_of_one_lens_differ_in_pixels_and_not_in_focus() -> None:
    one, two = draw_exposures(field(), ENVELOPE, np.random.default_rng(1), 2)
    assert one.optics == two.optics
    assert one.pixel_size_nm != two.pixel_size_nm


@pytest.mark.parametrize("seed", range(5))
def test_counts_and_labels_have_one_shape_and_the_rim_is_not_seen(seed: int) -> None:
    exposure = draw_exposure(field(), ENVELOPE, np.random.default_rng(seed))
    assert exposure.counts.shape == exposure.truth.labels.shape
    width_nm = exposure.counts.shape[0] * exposure.pixel_size_nm
    assert width_nm <= 320 * PIXEL_SIZE_NM - 2 * RIM_NM + 1e-9
    (particle,) = exposure.truth.particles
    middle_px = (320 * PIXEL_SIZE_NM / exposure.pixel_size_nm) / 2 - exposure.truth.view.corner_px[0]
    assert particle.y_px == pytest.approx(middle_px, abs=1.0)


def test_how_truth_is_counted_changes_no_count_of_the_camera() -> None:
    exact, thinned = (draw_exposure(field(), ENVELOPE, np.random.default_rng(4), truth_step_px=s) for s in (None, 4))
    np.testing.assert_array_equal(exact.counts, thinned.counts)
    np.testing.assert_array_equal(exact.truth.labels, thinned.truth.labels)
    assert thinned.truth.particles[0].y_px == pytest.approx(exact.truth.particles[0].y_px, abs=0.7)

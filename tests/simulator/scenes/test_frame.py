"""Whole frames: any size, truth where the particles are, film without seams."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator import recipe
from simulator.imaging.aberrations import Optics
from simulator.imaging.camera import Camera
from simulator.recipe_file import read_waves
from simulator.scenes.exposure import Exposure, expose_field
from simulator.scenes.film_texture import wide_film
from simulator.scenes.frame import field_grid
from simulator.scenes.on_demand import film_on_demand
from tests.simulator.discs import disc, texture
from tests.simulator.fields import random_field, waves_on_demand

LENS = Optics(energy_kev=300, c1_nm=-8)


CAMERA = Camera(gain_counts_per_e=4.0, offset_counts=20.0)


def frame(size_px: int, pixel_size_nm: float, particles: int, seed: int = 1, touching_share: float = 0.3) -> Exposure:
    rng = np.random.default_rng(seed)
    grid = field_grid(size_px, pixel_size_nm, 0.032)
    field = random_field([disc() for _ in range(particles)], texture(640), grid, rng, touching_share=touching_share)
    return expose_field(field, LENS, CAMERA, rng, size_px=size_px, pixel_size_nm=pixel_size_nm, dose_e_per_a2=500)


@pytest.mark.parametrize(("size_px", "pixel_size_nm"), [(256, 0.02), (300, 0.033), (512, 0.06)])
def test_a_frame_has_the_size_and_nearly_the_pixel_that_was_asked(size_px: int, pixel_size_nm: float) -> None:
    seen = frame(size_px, pixel_size_nm, 4)
    assert seen.counts.shape == seen.truth.labels.shape == (size_px, size_px)
    assert seen.pixel_size_nm == pytest.approx(pixel_size_nm, rel=1 / size_px)
    assert seen.film_nm == 2.0


def test_truth_lies_on_the_labels_and_the_labels_on_the_particles() -> None:
    seen = frame(512, 0.05, 12)
    assert len(seen.truth.particles) >= 8
    for particle in seen.truth.particles:
        own = np.argwhere(seen.truth.labels == particle.identity)
        assert own.mean(0) == pytest.approx((particle.y_px, particle.x_px))
        if not particle.touches_border:
            area_nm2 = len(own) * seen.pixel_size_nm**2
            assert area_nm2 == pytest.approx(np.pi * (particle.diameter_nm / 2) ** 2, rel=0.05)
            assert particle.seen_share == pytest.approx(1, abs=0.03)
    # In mean over many pixels a phase disc under focus is told from the film by its rim: Fresnel fringes.
    inside, outside = (
        seen.counts[seen.truth.labels > 0].astype(float),
        seen.counts[seen.truth.labels == 0].astype(float),
    )
    assert abs(inside.mean() - outside.mean()) > 3 * outside.std() / len(inside) ** 0.5


def test_some_particles_touch_and_some_are_cut() -> None:
    """Of many frames: pairs nearer than half a nanometre exist only where touching is asked for."""

    def nearest_nm(seen: Exposure) -> float:
        at = np.array([[p.y_px, p.x_px] for p in seen.truth.particles if not p.touches_border]) * seen.pixel_size_nm
        apart = np.linalg.norm(at[:, None] - at[None], axis=2) + 99 * np.eye(len(at))
        return float(apart.min())

    touching = [frame(512, 0.05, 14, seed, touching_share=0.6) for seed in range(3)]
    apart = [frame(512, 0.05, 14, seed, touching_share=0.0) for seed in range(3)]
    assert min(nearest_nm(f) for f in touching) < 3.35
    assert min(nearest_nm(f) for f in apart) > 3.35
    assert any(p.touches_border and p.seen_share < 0.95 for f in touching + apart for p in f.truth.particles)


def test_a_frame_without_particles_is_film() -> None:
    seen = frame(200, 0.05, 0)
    assert seen.truth.particles == ()
    assert not seen.truth.labels.any()
    assert seen.counts.mean() == pytest.approx(20 + 4 * 500 * 25 * 0.01 * np.exp(-0.04), rel=0.02)


def test_too_narrow_a_film_and_too_small_a_field_are_refused() -> None:
    with pytest.raises(ValueError, match="384 px or more"):
        wide_film(texture(200), 900, np.random.default_rng(1))
    with pytest.raises(ValueError, match="positive size"):
        field_grid(0, 0.05, 0.032)
    rng = np.random.default_rng(1)
    field = random_field([disc()], None, field_grid(200, 0.05, 0.032), rng, touching_share=0.0)
    with pytest.raises(ValueError, match="do not lie in a field"):
        expose_field(field, LENS, CAMERA, rng, size_px=400, pixel_size_nm=0.05, dose_e_per_a2=100)


def test_waves_and_films_can_be_made_on_demand() -> None:
    path = Path(recipe.__file__).parent / "recipes" / "task.toml"
    own = replace(read_waves(path), diameter_nm=(1.5, 2.0), film_width_px=384)
    waves = waves_on_demand(own, 2, 5, 300.0)
    film = film_on_demand(own, 1.0, 5, 300.0)
    grid = field_grid(256, 0.04, own.pixel_size_nm)
    rng = np.random.default_rng(1)
    field = random_field(waves, film, grid, rng, touching_share=0.0)
    seen = expose_field(field, LENS, CAMERA, rng, size_px=256, pixel_size_nm=0.04, dose_e_per_a2=1000)
    assert [p.shape for p in seen.truth.particles] == list(own.shapes[:2])
    assert seen.film_nm == 1.0
    assert seen.truth.particles[0].quaternion.shape == (4,)

"""Fields: where the waves go, that truth follows them, and what the composition costs against the full calculation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from simulator.exit_waves.simulate import FilmWave
from simulator.imaging.aberrations import Optics
from simulator.imaging.image_formation import intensity
from simulator.propagation.grid import Grid
from simulator.propagation.multislice import propagate
from simulator.propagation.potential import projected_slices
from simulator.scenes.composition import clean_image, compose
from simulator.scenes.placement import Placement
from simulator.specimen import carbon_film as carbon
from simulator.specimen import particle as particles
from tests.simulator.discs import small_disc
from tests.simulator.slices import exit_wave

CPU = torch.device("cpu")


GRID = Grid(size_px=192, pixel_size_nm=0.032)


def test_truth_lies_where_the_particle_is() -> None:
    field = compose(None, [Placement(particle=small_disc(), y_px=60, x_px=130)], GRID, 300.0)
    rows, columns = np.nonzero(field.labels)
    assert (rows.mean(), columns.mean()) == pytest.approx((60, 130), abs=0.1)
    assert abs(complex(field.wave[60, 130])) == pytest.approx(1, abs=0.1)
    assert float(torch.angle(field.wave[60, 130])) == pytest.approx(0.5, abs=0.1)


def test_a_particle_may_be_cut_by_the_edge() -> None:
    field = compose(None, [Placement(particle=small_disc(), y_px=2, x_px=190)], GRID, 300.0)
    assert 0 < (field.labels > 0).sum() < small_disc().mask.sum()


def test_waves_of_two_energies_are_refused() -> None:
    with pytest.raises(ValueError, match="one beam energy"):
        compose(None, [Placement(particle=small_disc(energy_kev=200.0), y_px=9, x_px=9)], GRID, 300.0)


def test_the_camera_sees_the_mean_of_the_field() -> None:
    field = compose(None, [Placement(particle=small_disc(), y_px=60, x_px=130)], GRID, 300.0)
    lens = Optics(energy_kev=300, c1_nm=5)
    coarse = clean_image(field, lens, 120)
    assert coarse.shape == (120, 120)
    assert float(coarse.mean()) == pytest.approx(float(intensity(field.wave, GRID, lens).mean()), rel=1e-3)


def composition_error(diameter_nm: float, film_nm: float, *, film_first: bool, seed: int = 11) -> float:
    """Error of the composed image against one multislice of everything, over the image's standard deviation."""
    rng = np.random.default_rng(seed)
    grid = Grid(size_px=240, pixel_size_nm=0.03)
    particle = particles.build("truncated_octahedron", "Au", diameter_nm, rng)
    film = carbon.film(film_nm, grid.width_nm, rng).astype(np.float64)
    at = particle.positions_nm.astype(np.float64)
    at = at - at.min(0) * [0, 0, 1] + [grid.width_nm / 2, grid.width_nm / 2, 0]
    gold = projected_slices(at, 79, grid, 0.2, CPU)
    soot = projected_slices(film, 6, grid, 0.2, CPU)
    depth_nm, thickness_nm = gold.shape[0] * 0.2, soot.shape[0] * 0.2
    full = exit_wave(torch.cat([soot, gold] if film_first else [gold, soot]), grid, 300.0, 0.2, absorption=0.0)
    beyond_nm = depth_nm / 2 + (0 if film_first else thickness_nm)
    lens = Optics(energy_kev=300, c1_nm=-8, focal_spread_nm=3)
    truth = intensity(propagate(full, grid, 300.0, -beyond_nm), grid, lens)
    own = replace(small_disc(), wave=exit_wave(gold, grid, 300.0, 0.2, absorption=0.0).numpy(), depth_nm=depth_nm)
    own = replace(own, mask=np.ones((240, 240), dtype=bool))
    film_wave = FilmWave(
        index=0,
        wave=exit_wave(soot, grid, 300.0, 0.2, absorption=0.0).numpy(),
        energy_kev=300.0,
        thickness_nm=thickness_nm,
    )
    ours = compose(film_wave, [Placement(particle=own, y_px=120, x_px=120)], grid, 300.0, film_first=film_first)
    return float((intensity(ours.wave, grid, lens) - truth).std() / truth.std())


@pytest.mark.parametrize(
    ("film_nm", "film_first", "bound"), [(1.0, True, 0.04), (6.0, True, 0.07), (1.0, False, 0.012), (6.0, False, 0.04)]
)
def test_composition_is_close_to_the_full_multislice(film_nm: float, film_first: bool, bound: float) -> None:
    """Thin and thick films, before and after the particle; at the particle's mid-plane the film after is 3 to 6 %."""
    assert composition_error(4.0, film_nm, film_first=film_first) < bound

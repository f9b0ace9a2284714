"""Fields of view at random and exit waves made now, for tests and benches that want no store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from simulator.exit_waves.simulate import FilmWave, ParticleWave, particle_wave
from simulator.propagation.grid import Grid
from simulator.recipe import WaveRecipe
from simulator.scenes.composition import FieldOfView, compose
from simulator.scenes.film_texture import wide_film
from simulator.scenes.placement import scatter


def random_field(
    waves: Sequence[ParticleWave],
    film: FilmWave | None,
    grid: Grid,
    rng: np.random.Generator,
    *,
    touching_share: float,
    film_first: bool = True,
) -> FieldOfView:
    """A field with the particles at random places, some touching, some cut by the border, on a film of its width."""
    energy_kev = film.energy_kev if film else waves[0].energy_kev
    if film is not None and film.wave.shape[0] != grid.size_px:
        film = wide_film(film, grid.size_px, rng)
    placements = scatter(waves, grid, rng, touching_share=touching_share)
    return compose(film, placements, grid, energy_kev, film_first=film_first)


def waves_on_demand(recipe: WaveRecipe, count: int, seed: int, energy_kev: float) -> list[ParticleWave]:
    """Particles of one beam energy simulated now instead of read from a store; classes in turn."""
    one_energy = replace(recipe, seed=seed, energies_kev=(energy_kev,))
    return [particle_wave(one_energy, index, torch.device("cpu")) for index in range(count)]

"""One sample: its class from its index, its place in its square, and what is too wide to be kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from simulator.exit_waves.simulate import draw_particle, film_wave, particle_wave, projection_mask, simulate_wave
from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_waves
from tests.simulator.tiny import write_tiny

CPU = torch.device("cpu")


@pytest.fixture
def recipe(tmp_path: Path) -> WaveRecipe:
    return read_waves(write_tiny(tmp_path))


def test_the_class_follows_the_index(recipe: WaveRecipe) -> None:
    assert [draw_particle(recipe, n).atoms.shape for n in range(4)] == ["cube", "icosahedron"] * 2


def test_a_particle_lies_in_the_middle_of_its_square(recipe: WaveRecipe) -> None:
    wave = particle_wave(recipe, 0, CPU)
    side_px = wave.wave.shape[0]
    assert np.argwhere(wave.mask).mean(0) == pytest.approx([side_px // 2] * 2, abs=1.5)
    scattered = np.abs(wave.wave - 1)
    assert scattered[wave.mask].mean() > 5 * scattered[~wave.mask].mean()


def test_a_particle_that_is_too_wide_is_refused(recipe: WaveRecipe) -> None:
    drawn = draw_particle(recipe, 0)
    wide = replace(drawn.atoms, positions_nm=drawn.atoms.positions_nm * 10)
    with pytest.raises(ValueError, match="more than the widest field"):
        simulate_wave(wide, recipe, CPU, index=0, energy_kev=300.0, absorption=0.0)


def test_the_beam_energies_of_films_alternate(recipe: WaveRecipe) -> None:
    films = [film_wave(recipe, n, CPU) for n in range(2)]
    assert [f.energy_kev for f in films] == [200.0, 300.0]
    assert all(f.wave.shape == (64, 64) and 1.0 <= f.thickness_nm <= 1.5 for f in films)


def test_a_mask_of_one_atom_is_a_disc() -> None:
    mask = projection_mask(np.array([[0.32, 0.32, 0.0]]), 20, 0.032)
    assert mask.sum() * 0.032**2 == pytest.approx(np.pi * 0.17**2, rel=0.05)
    assert np.argwhere(mask).mean(0).tolist() == [10.0, 10.0]

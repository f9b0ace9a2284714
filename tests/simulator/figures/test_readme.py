"""The pictures of the README."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from simulator.exit_waves.simulate import film_wave, particle_wave
from simulator.figures import readme as show_pictures
from simulator.figures.style import save
from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_waves
from tests.simulator.tiny import write_tiny

CPU = torch.device("cpu")


SIMULATOR = Path(__file__).parents[3] / "simulator"


@pytest.fixture
def recipe(tmp_path: Path) -> WaveRecipe:
    """Of 300 kV alone: half as many films."""
    return replace(read_waves(write_tiny(tmp_path)), energies_kev=(300.0,))


def test_the_pictures_of_the_readme_can_be_drawn(recipe: WaveRecipe, tmp_path: Path) -> None:
    shown = show_pictures.near_a_zone(recipe, CPU)
    assert [wave.shape for wave in shown] == list(recipe.shapes)
    film = film_wave(replace(recipe, film_width_px=shown[-1].wave.shape[0]), 0, CPU)
    drawn: list[Figure] = [
        show_pictures.exit_waves(shown, recipe.pixel_size_nm),
        show_pictures.focal_series(shown, film, recipe.pixel_size_nm),
        show_pictures.dose_series(shown[0], film, recipe.pixel_size_nm),
        show_pictures.films(replace(recipe, film_width_px=128), CPU),
    ]
    for number, figure in enumerate(drawn):
        save(figure, tmp_path / f"{number}.png")
        with Image.open(tmp_path / f"{number}.png") as image:
            assert image.mode == "P"
            assert np.asarray(image.convert("L")).std() > 10


def test_the_particles_nearest_to_a_zone_axis_are_shown(recipe: WaveRecipe) -> None:
    shown = show_pictures.near_a_zone(recipe, CPU)
    others = [particle_wave(recipe, n, CPU) for n in range(show_pictures.ROUNDS * len(recipe.shapes))]
    for wave in shown:
        assert wave.zone_angle_deg == min(w.zone_angle_deg for w in others if w.shape == wave.shape)


def test_the_shipped_pictures_are_there_and_small() -> None:
    pictures = sorted((SIMULATOR / "pictures").glob("*.png"))
    readme = (SIMULATOR / "README.md").read_text(encoding="utf-8")
    assert {p.name for p in pictures} == {
        f"{name}.png" for name in ("exit_waves", "focal_series", "dose_series", "film", "full_frame", "sheet")
    }
    assert all(f"pictures/{p.name}" in readme for p in pictures)
    assert sum(p.stat().st_size for p in pictures) < 2_000_000

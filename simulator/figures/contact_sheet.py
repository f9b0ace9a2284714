"""A recipe to a contact sheet: a row per class, particles of the recipe on film, imaged as the envelope draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.exit_waves.simulate import FilmWave, ParticleWave, film_wave, particle_wave
from simulator.figures.style import caption, picture, row_name, scale_bar, sheet, title
from simulator.propagation.grid import Grid
from simulator.recipe import Envelope, WaveRecipe
from simulator.scenes.composition import FieldOfView, compose
from simulator.scenes.exposure import Exposure, draw_exposure
from simulator.scenes.placement import Placement

FILMS_PER_ENERGY = 2
CELL_INCH = 1.72


def contact_sheet(recipe: WaveRecipe, envelope: Envelope, *, samples: int, seed: int, device: torch.device) -> Figure:
    """Rows are the recipe's shapes, columns `samples` particles of each, drawn and imaged by `seed`.

    Raises:
        ValueError: no samples are wanted.
    """
    if samples < 1:
        raise ValueError(f"a sheet needs 1 sample of a class or more, got {samples}")
    rng = np.random.default_rng(seed)
    rounds = max(1, recipe.particles // len(recipe.shapes))
    chosen = rng.choice(rounds, samples, replace=samples > rounds)
    waves = [
        [particle_wave(recipe, int(n) * len(recipe.shapes) + row, device) for n in chosen]
        for row in range(len(recipe.shapes))
    ]
    side_px = max(wave.wave.shape[0] for row in waves for wave in row)
    films = some_films(recipe, side_px, device)
    figure, axes = sheet(len(waves), samples, CELL_INCH, below_inch=0.56, left_inch=0.42)
    title(figure, "Particles as the recipe draws them", f"waves of seed {recipe.seed}, imaged by seed {seed}")
    for row, shape in enumerate(recipe.shapes):
        row_name(axes[row, 0], shape.replace("_", " "))
        for column, wave in enumerate(waves[row]):
            field = field_of(wave, films, side_px, recipe.pixel_size_nm, envelope.bare_share, rng)
            _draw(axes[row, column], wave, field, draw_exposure(field, envelope, rng))
    return figure


def some_films(recipe: WaveRecipe, side_px: int, device: torch.device) -> list[FilmWave]:
    """`FILMS_PER_ENERGY` films of each beam energy, at least `side_px` wide."""
    wide_enough = replace(recipe, film_width_px=max(side_px, recipe.film_width_px))
    return [film_wave(wide_enough, n, device) for n in range(FILMS_PER_ENERGY * len(recipe.energies_kev))]


def field_of(
    wave: ParticleWave,
    films: list[FilmWave],
    side_px: int,
    pixel_size_nm: float,
    bare_share: float,
    rng: np.random.Generator,
) -> FieldOfView:
    """One particle in the middle of a field, on a random part of a film or, with the chance `bare_share`, on none."""
    fitting = [film for film in films if film.energy_kev == wave.energy_kev]
    film = fitting[int(rng.integers(len(fitting)))]
    y_px, x_px = (int(n) for n in rng.integers(0, film.wave.shape[0] - side_px, 2, endpoint=True))
    part = replace(film, wave=film.wave[y_px : y_px + side_px, x_px : x_px + side_px])
    middle = Placement(particle=wave, y_px=side_px // 2, x_px=side_px // 2)
    grid = Grid(size_px=side_px, pixel_size_nm=pixel_size_nm)
    bare = rng.random() < bare_share
    return compose(None if bare else part, [middle], grid, wave.energy_kev, film_first=bool(rng.random() < 0.5))


def _draw(axes: Axes, wave: ParticleWave, field: FieldOfView, exposure: Exposure) -> None:
    picture(axes, exposure.counts, exposure.pixel_size_nm)
    scale_bar(axes)
    film = f"film {field.film_nm:.1f} nm" if field.film_nm else "no film"
    caption(
        axes,
        [
            f"{wave.element} {wave.diameter_nm:.1f} nm, {wave.zone_angle_deg:.0f}° off a zone",
            f"C1 {_signed(exposure.optics.c1_nm)} nm, {exposure.dose_e_per_a2:.0f} e/Å²",
            f"{exposure.pixel_size_nm:.3f} nm/px, {field.energy_kev:.0f} kV, {film}",
        ],
    )


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")

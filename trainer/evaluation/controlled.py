"""Controlled sights of held-out particles: one condition is set, all others are drawn, alike for every value of it.

Each scene (particles on a film) is imaged once a value with the same draws of lens, camera and noise, so that the
values differ in the one condition only. The patches are cut by the function that cuts everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from simulator.exit_waves.simulate import CARBON, FilmWave, ParticleWave
from simulator.exit_waves.store import film_split, film_waves, particle_shards, particle_waves, wave_split
from simulator.propagation.grid import Grid, resample_spectrum
from simulator.propagation.multislice import exit_waves
from simulator.propagation.potential import Atoms
from simulator.recipe import Envelope, WaveRecipe, draw, draw_log, read_envelope, read_waves
from simulator.scenes.composition import Field, Placed, compose, place
from simulator.scenes.exposure import draw_exposure, draw_exposures
from trainer.data.dataset import Patches
from trainer.data.samples import COARSE, Samples, Sizes, add_patches, turned
from trainer.evaluation.predictions import LEAST_DOSE_E_PER_A2, calibration_half

PARTICLES_A_SCENE = 6
RANDOM_CARBON_NM = 0.14
"""Least distance of two atoms of a random filling (the default of Construction Zone; science.md §1.3)."""
RANDOM_CARBON_PER_NM3 = 110.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """What is imaged: particles and films that neither training nor calibration has seen."""

    recipe: WaveRecipe
    envelope: Envelope
    """By a microscope with a corrector, from the dose at which shapes begin."""
    waves: tuple[ParticleWave, ...]
    films: tuple[FilmWave, ...]
    seen_masks: tuple[NDArray[np.bool_], ...]
    """Projections (n, n) of training particles, for what a network must be better than."""
    seen_rows: tuple[tuple[int, float], ...]
    """(class, diameter in nm) of each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """Particles at their places, and the film that is under or over them."""

    placed: tuple[Placed, ...]
    film: FilmWave | None
    energy_kev: float
    film_first: bool


def material(stock: Path, particles: int) -> Material:
    """About so many held-out particles of the measured half of a stock, with all held-out films.

    Raises:
        OSError, ValueError: as the stock's readers do.
    """
    recipe = read_waves(stock / "recipe.toml")
    classes = len(recipe.shapes)
    waves: list[ParticleWave] = []
    masks: list[NDArray[np.bool_]] = []
    rows: list[tuple[int, float]] = []
    shards = particle_shards(stock)
    # The measured half comes in every second shard of a stock of 50 waves a shard.
    for path in [*shards[1::2], *shards[::2]]:
        if len(waves) >= particles:
            break
        for wave in particle_waves(recipe, path):
            if wave_split(wave.index, classes) == "train":
                masks.append(wave.mask)
                rows.append((wave.index % classes, wave.diameter_nm))
            elif not calibration_half(np.array([wave.index]), classes)[0]:
                waves.append(wave)
    films = [f for f in film_waves(recipe, stock) if film_split(f.index, recipe.films) == "test"]
    envelope = read_envelope(stock / "recipe.toml")
    return Material(
        recipe=recipe,
        envelope=replace(
            envelope, uncorrected_share=0.0, dose_e_per_a2=(LEAST_DOSE_E_PER_A2, envelope.dose_e_per_a2[1])
        ),
        waves=tuple(waves),
        films=tuple(films),
        seen_masks=tuple(masks),
        seen_rows=tuple(rows),
    )


def scenes(of: Material, seed: int) -> list[Scene]:
    """All particles, some to a scene, apart from each other, each scene on a film."""
    rng = np.random.default_rng(seed)
    grid = field_grid(of.recipe)
    made = []
    for energy_kev in of.recipe.energies_kev:
        deck = [w for w in of.waves if w.energy_kev == energy_kev]
        films = [f for f in of.films if f.energy_kev == energy_kev]
        for start in range(0, len(deck), PARTICLES_A_SCENE):
            placed = place(deck[start : start + PARTICLES_A_SCENE], grid, rng, touching_share=0.0)
            film = turned(films[int(rng.integers(len(films)))], rng)
            made.append(
                Scene(placed=tuple(placed), film=film, energy_kev=energy_kev, film_first=bool(rng.random() < 0.5))
            )
    return made


def field_grid(recipe: WaveRecipe) -> Grid:
    """The grid of a field of the stock's films."""
    return Grid(size_px=recipe.film_width_px, pixel_size_nm=recipe.pixel_size_nm)


def composed(scene: Scene, recipe: WaveRecipe, film: FilmWave | None) -> Field:
    """A scene's field, with its own film or another one."""
    return compose(film, scene.placed, field_grid(recipe), scene.energy_kev, film_first=scene.film_first)


def sight(field: Field, envelope: Envelope, classes: Sequence[str], samples: Samples, seed: Sequence[int]) -> None:
    """Add one exposure's patches, drawn from the seed alone."""
    exposure = draw_exposure(field, envelope, np.random.default_rng(seed))
    add_patches(samples, field, _inside_px(field), exposure, classes, Sizes(), np.random.default_rng([*seed, 1]))


def _inside_px(field: Field) -> list[NDArray[np.float64]]:
    """Of each particle some of its pixels (n, 2), as `add_patches` takes them."""
    coarse = field.labels[COARSE // 2 :: COARSE, COARSE // 2 :: COARSE]
    return [np.argwhere(coarse == n).astype(np.float64) * COARSE + COARSE / 2 for n in range(1, len(field.placed) + 1)]


def gathered(samples: Samples) -> Patches:
    """Patches that have a class, as a bank holds them."""
    named = [n for n, row in enumerate(samples.rows) if int(row["label"]) >= 0]
    keys = samples.rows[0] if samples.rows else {}
    rows: dict[str, NDArray[Any]] = {key: np.array([samples.rows[n][key] for n in named]) for key in keys}
    return Patches(patches=np.array([samples.patches[n] for n in named]), rows=rows)


def sweep(of: Material, made: Sequence[Scene], envelopes: Sequence[Envelope], seed: int) -> list[Patches]:
    """The same scenes with the same draws under each envelope."""
    samples = [Samples() for _ in envelopes]
    for number, scene in enumerate(tqdm(made, unit="scene", disable=None)):
        field = composed(scene, of.recipe, scene.film)
        for envelope, own in zip(envelopes, samples, strict=True):
            sight(field, envelope, of.recipe.shapes, own, [seed, number])
    return [gathered(own) for own in samples]


def bare(of: Material, made: Sequence[Scene], envelope: Envelope, seed: int) -> Patches:
    """The same scenes and draws without their films."""
    samples = Samples()
    for number, scene in enumerate(tqdm(made, unit="scene", disable=None)):
        sight(composed(scene, of.recipe, None), envelope, of.recipe.shapes, samples, [seed, number])
    return gathered(samples)


def frames(of: Material, made: Sequence[Scene], seed: int, count: int, *, refocused: bool) -> Patches:
    """`count` images of every scene, dose and pixel size held: each in a lens state of its own, or all in the same."""
    samples = Samples()
    for number, scene in enumerate(tqdm(made, unit="scene", disable=None)):
        rng = np.random.default_rng([seed, number])
        dose = draw_log((300.0, of.envelope.dose_e_per_a2[1]), rng)
        pixel_nm = draw(of.envelope.camera_pixel_size_nm, rng)
        held = replace(of.envelope, dose_e_per_a2=(dose, dose), camera_pixel_size_nm=(pixel_nm, pixel_nm))
        field = composed(scene, of.recipe, scene.film)
        if refocused:
            exposures = [draw_exposure(field, held, rng) for _ in range(count)]
        else:
            exposures = draw_exposures(field, held, rng, count)
        for exposure in exposures:
            add_patches(samples, field, _inside_px(field), exposure, of.recipe.shapes, Sizes(), rng)
    return gathered(samples)


def films_compared(of: Material, made: Sequence[Scene], seed: int) -> dict[str, Patches]:
    """The same scenes and draws without a film, with ours, and with carbon filled in at random, equally thick."""
    names = ("none", "quenched (ours)", "filled at random")
    samples = {name: Samples() for name in names}
    thick_nm = [s.film.thickness_nm for s in made if s.film]
    random_films = {
        (energy, n): random_film(of.recipe, float(np.quantile(thick_nm, q)), energy, np.random.default_rng([seed, n]))
        for n, q in enumerate((1 / 6, 1 / 2, 5 / 6))
        for energy in of.recipe.energies_kev
    }
    for number, scene in enumerate(tqdm(made, unit="scene", disable=None)):
        rng = np.random.default_rng([seed, 2, number])
        like = [f for (energy, _), f in random_films.items() if energy == scene.energy_kev]
        nearest = min(like, key=lambda f: abs(f.thickness_nm - (scene.film.thickness_nm if scene.film else 0)))
        for name, film in zip(names, (None, scene.film, turned(nearest, rng)), strict=True):
            sight(composed(scene, of.recipe, film), of.envelope, of.recipe.shapes, samples[name], [seed, number])
    return {name: gathered(own) for name, own in samples.items()}


def random_film(recipe: WaveRecipe, thickness_nm: float, energy_kev: float, rng: np.random.Generator) -> FilmWave:
    """Exit wave of points thrown in at random, none nearer than `RANDOM_CARBON_NM` to another: no carbon structure."""
    grid = field_grid(recipe)
    fine = Grid(size_px=grid.size_px * 7 // 6, pixel_size_nm=grid.width_nm / (grid.size_px * 7 // 6))
    at = _thrown(np.array([grid.width_nm, grid.width_nm, thickness_nm]), rng)
    atoms = Atoms(positions_nm=at, numbers=np.full(len(at), CARBON))
    device = torch.device("cpu")
    wave = exit_waves([atoms], fine, energy_kev, recipe.slice_nm, device, absorption=recipe.film_absorption)[0]
    stored = torch.fft.ifft2(resample_spectrum(torch.fft.fft2(wave), grid.size_px))
    return FilmWave(index=0, wave=stored.numpy().astype(np.complex64), energy_kev=energy_kev, thickness_nm=thickness_nm)


def _thrown(box_nm: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Random sequential addition (n, 3) on a grid of cells that hold one atom at most, to `RANDOM_CARBON_PER_NM3`."""
    cells = np.ceil(box_nm / (RANDOM_CARBON_NM / 3**0.5)).astype(int)
    size_nm = box_nm / cells
    owner = np.full(tuple(cells + 4), -1)
    wanted = round(RANDOM_CARBON_PER_NM3 * float(np.prod(box_nm)))
    at = np.zeros((wanted, 3))
    near = np.array(np.meshgrid(*[np.arange(-2, 3)] * 3)).reshape(3, -1).T
    count = 0
    while count < wanted:
        tries = rng.random((4 * wanted, 3)) * box_nm
        places = (tries / size_nm).astype(int) + 2
        # Whoever is the first in his cell may stay, if the cell was free and nobody around is too near.
        _, first = np.unique(np.ravel_multi_index(tuple(places.T), owner.shape), return_index=True)
        tries, places = tries[first], places[first]
        shuffled = rng.permutation(len(tries))
        for block in np.array_split(shuffled, max(1, len(shuffled) // 200)):
            around = owner[tuple((places[block][:, None] + near).transpose(2, 0, 1))]
            distance = np.linalg.norm(at[around] - tries[block][:, None], axis=2)
            free = ~((around >= 0) & (distance < RANDOM_CARBON_NM)).any(1)
            own = block[free]
            gap = np.linalg.norm(tries[own][:, None] - tries[own], axis=2)
            own = own[~(np.tril(gap < RANDOM_CARBON_NM, -1).any(1))][: wanted - count]
            at[count : count + len(own)] = tries[own]
            owner[tuple(places[own].T)] = np.arange(count, count + len(own))
            count += len(own)
            if count == wanted:
                break
    return at

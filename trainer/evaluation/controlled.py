"""Controlled views of held-out particles: one condition is set, all others are drawn, alike for every value of it.

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
from simulator.exit_waves.splits import film_split, wave_split
from simulator.exit_waves.store import film_waves, particle_waves, shards, stored_recipe
from simulator.propagation.grid import Grid, resample_spectrum
from simulator.propagation.multislice import exit_waves
from simulator.propagation.potential import Atoms
from simulator.random_draws import draw, draw_log
from simulator.recipe import Envelope, WaveRecipe
from simulator.recipe_file import read_envelope, read_waves
from simulator.scenes.composition import FieldOfView, compose
from simulator.scenes.exposure import draw_exposure, draw_exposures
from simulator.scenes.film_texture import turned_film
from simulator.scenes.placement import Placement, scatter
from trainer.data.dataset import Patches
from trainer.data.geometry import RENDER_GEOMETRY
from trainer.data.samples import TRUTH_STEP_PX, Samples, add_patches
from trainer.evaluation.predictions import LEAST_DOSE_E_PER_A2
from trainer.evaluation.splits import in_test_split

PARTICLES_PER_SCENE = 6
RANDOM_CARBON_NM = 0.14
"""Least distance of two atoms of a random filling (the default of Construction Zone)."""
RANDOM_CARBON_PER_NM3 = 110.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """What is imaged: particles and films that neither training nor calibration has seen."""

    recipe: WaveRecipe
    """Of the exit waves."""
    envelope: Envelope
    """By a microscope with a corrector, from the dose at which shapes begin."""
    waves: tuple[ParticleWave, ...]
    """Particles of the test split."""
    films: tuple[FilmWave, ...]
    """Films that are held out."""
    training_masks: tuple[NDArray[np.bool_], ...]
    """Projections (n, n) of training particles, for what a network must be better than."""
    training_classes_and_diameters: tuple[tuple[int, float], ...]
    """(class, diameter in nm) of each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """Particles at their places, and the film that is under or over them."""

    placements: tuple[Placement, ...]
    """Particles, all of one beam energy."""
    film: FilmWave | None
    """None: vacuum."""
    energy_kev: float
    """Of the beam."""
    film_first: bool
    """The beam passes the film before the particles."""


def held_out_particles(store: Path, particles: int) -> HeldOut:
    """About so many held-out particles of the test split of a store, with all held-out films.

    Raises:
        ValueError: the folder is no store, or a shard was made by another recipe.
        OSError: a shard cannot be read.
    """
    recipe_path = stored_recipe(store)
    recipe, envelope = read_waves(recipe_path), read_envelope(recipe_path)
    classes = len(recipe.shapes)
    waves: list[ParticleWave] = []
    masks: list[NDArray[np.bool_]] = []
    classes_and_diameters: list[tuple[int, float]] = []
    # Shards without a particle of the test split come last: they are read only for want of others.
    finished = [s for s in shards(recipe) if s.kind == "particle" and s.path(store).exists()]
    for shard in sorted(finished, key=lambda s: not in_test_split(np.array(s.indices(recipe)), classes).any()):
        if len(waves) >= particles:
            break
        for wave in particle_waves(recipe, shard.path(store)):
            if wave_split(wave.index, classes) == "train":
                masks.append(wave.mask)
                classes_and_diameters.append((wave.index % classes, wave.diameter_nm))
            elif in_test_split(np.array([wave.index]), classes)[0]:
                waves.append(wave)
    films = [f for f in film_waves(recipe, store) if film_split(f.index, recipe.films) == "test"]
    return HeldOut(
        recipe=recipe,
        envelope=replace(
            envelope, uncorrected_share=0.0, dose_e_per_a2=(LEAST_DOSE_E_PER_A2, envelope.dose_e_per_a2[1])
        ),
        waves=tuple(waves),
        films=tuple(films),
        training_masks=tuple(masks),
        training_classes_and_diameters=tuple(classes_and_diameters),
    )


def scenes(held_out: HeldOut, seed: int) -> list[Scene]:
    """All particles, some to a scene, apart from each other, each scene on a film."""
    rng = np.random.default_rng(seed)
    grid = field_grid(held_out.recipe)
    made = []
    for energy_kev in held_out.recipe.energies_kev:
        pool = [w for w in held_out.waves if w.energy_kev == energy_kev]
        films = [f for f in held_out.films if f.energy_kev == energy_kev]
        for start in range(0, len(pool), PARTICLES_PER_SCENE):
            placements = scatter(pool[start : start + PARTICLES_PER_SCENE], grid, rng, touching_share=0.0)
            film = turned_film(films[int(rng.integers(len(films)))], rng)
            made.append(
                Scene(
                    placements=tuple(placements), film=film, energy_kev=energy_kev, film_first=bool(rng.random() < 0.5)
                )
            )
    return made


def field_grid(recipe: WaveRecipe) -> Grid:
    """The grid of a field of the store's films."""
    return Grid(size_px=recipe.film_width_px, pixel_size_nm=recipe.pixel_size_nm)


def composed(scene: Scene, recipe: WaveRecipe, film: FilmWave | None) -> FieldOfView:
    """A scene's field, with its own film or another one."""
    return compose(film, scene.placements, field_grid(recipe), scene.energy_kev, film_first=scene.film_first)


def add_probe_patches(
    field: FieldOfView, envelope: Envelope, classes: Sequence[str], samples: Samples, seed: Sequence[int]
) -> None:
    """Add one exposure's patches, drawn from the seed alone."""
    exposure = draw_exposure(field, envelope, np.random.default_rng(seed), truth_step_px=TRUTH_STEP_PX)
    add_patches(samples, exposure, classes, RENDER_GEOMETRY.classifier, np.random.default_rng([*seed, 1]))


def with_class(samples: Samples) -> Patches:
    """Patches that have a class, as a dataset holds them."""
    named = [n for n, row in enumerate(samples.metadata) if int(row["label"]) >= 0]
    keys = samples.metadata[0] if samples.metadata else {}
    metadata: dict[str, NDArray[Any]] = {key: np.array([samples.metadata[n][key] for n in named]) for key in keys}
    return Patches(patches=np.array([samples.patches[n] for n in named]), metadata=metadata)


def one_condition(held_out: HeldOut, made: Sequence[Scene], envelopes: Sequence[Envelope], seed: int) -> list[Patches]:
    """The same scenes with the same draws under each envelope."""
    samples = [Samples() for _ in envelopes]
    for number, scene in enumerate(tqdm(made, unit="scene", disable=None)):
        field = composed(scene, held_out.recipe, scene.film)
        for envelope, own in zip(envelopes, samples, strict=True):
            add_probe_patches(field, envelope, held_out.recipe.shapes, own, [seed, number])
    return [with_class(own) for own in samples]


def without_film(held_out: HeldOut, made: Sequence[Scene], envelope: Envelope, seed: int) -> Patches:
    """The same scenes and draws without their films."""
    samples = Samples()
    for number, scene in enumerate(tqdm(made, unit="scene", disable=None)):
        add_probe_patches(
            composed(scene, held_out.recipe, None), envelope, held_out.recipe.shapes, samples, [seed, number]
        )
    return with_class(samples)


def repeated_images(held_out: HeldOut, made: Sequence[Scene], seed: int, count: int, *, refocused: bool) -> Patches:
    """`count` images of every scene, dose and pixel size held: each in a lens state of its own, or all in the same."""
    samples = Samples()
    for number, scene in enumerate(tqdm(made, unit="scene", disable=None)):
        rng = np.random.default_rng([seed, number])
        dose = draw_log((300.0, held_out.envelope.dose_e_per_a2[1]), rng)
        pixel_nm = draw(held_out.envelope.camera_pixel_size_nm, rng)
        held = replace(held_out.envelope, dose_e_per_a2=(dose, dose), camera_pixel_size_nm=(pixel_nm, pixel_nm))
        field = composed(scene, held_out.recipe, scene.film)
        if refocused:
            exposures = [draw_exposure(field, held, rng, truth_step_px=TRUTH_STEP_PX) for _ in range(count)]
        else:
            exposures = draw_exposures(field, held, rng, count, truth_step_px=TRUTH_STEP_PX)
        for exposure in exposures:
            add_patches(samples, exposure, held_out.recipe.shapes, RENDER_GEOMETRY.classifier, rng)
    return with_class(samples)


def films_compared(held_out: HeldOut, made: Sequence[Scene], seed: int) -> dict[str, Patches]:
    """The same scenes and draws without a film, with ours, and with carbon filled in at random, equally thick."""
    names = ("none", "quenched (ours)", "filled at random")
    samples = {name: Samples() for name in names}
    thick_nm = [s.film.thickness_nm for s in made if s.film]
    random_films = {
        (energy, n): random_film(
            held_out.recipe, float(np.quantile(thick_nm, q)), energy, np.random.default_rng([seed, n])
        )
        for n, q in enumerate((1 / 6, 1 / 2, 5 / 6))
        for energy in held_out.recipe.energies_kev
    }
    for number, scene in enumerate(tqdm(made, unit="scene", disable=None)):
        rng = np.random.default_rng([seed, 2, number])
        like = [f for (energy, _), f in random_films.items() if energy == scene.energy_kev]
        nearest = min(like, key=lambda f: abs(f.thickness_nm - (scene.film.thickness_nm if scene.film else 0)))
        for name, film in zip(names, (None, scene.film, turned_film(nearest, rng)), strict=True):
            add_probe_patches(
                composed(scene, held_out.recipe, film),
                held_out.envelope,
                held_out.recipe.shapes,
                samples[name],
                [seed, number],
            )
    return {name: with_class(own) for name, own in samples.items()}


def random_film(recipe: WaveRecipe, thickness_nm: float, energy_kev: float, rng: np.random.Generator) -> FilmWave:
    """Exit wave of points thrown in at random, none nearer than `RANDOM_CARBON_NM` to another: no carbon structure."""
    grid = field_grid(recipe)
    fine = Grid(size_px=grid.size_px * 7 // 6, pixel_size_nm=grid.width_nm / (grid.size_px * 7 // 6))
    at = _random_packing(np.array([grid.width_nm, grid.width_nm, thickness_nm]), rng)
    atoms = Atoms(positions_nm=at, numbers=np.full(len(at), CARBON))
    device = torch.device("cpu")
    wave = exit_waves([atoms], fine, energy_kev, recipe.slice_nm, device, absorption=recipe.film_absorption)[0]
    stored = torch.fft.ifft2(resample_spectrum(torch.fft.fft2(wave), grid.size_px))
    return FilmWave(index=0, wave=stored.numpy().astype(np.complex64), energy_kev=energy_kev, thickness_nm=thickness_nm)


def _random_packing(box_nm: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
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

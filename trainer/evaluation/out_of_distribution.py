"""Inputs to which no class is the answer, made by the simulator: how often is the answer ``unknown``?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from agent.core.preprocessing.classifier_input import cut_patches
from simulator.exit_waves.simulate import FilmWave, ParticleWave, particle_wave
from simulator.recipe import Envelope, WaveRecipe
from simulator.scenes.composition import compose
from simulator.scenes.exposure import draw_exposure
from simulator.scenes.film_texture import turned_film
from simulator.scenes.placement import Placement
from trainer.data.geometry import RENDER_GEOMETRY
from trainer.evaluation.controlled import HeldOut, field_grid

FAINT_E_PER_A2 = 20.0
TAUGHT = ("tetrahedron", "sphere", "rod", "amorphous", "cuboctahedron")
"""Shapes without a class that training has seen, other particles of them: `simulator/recipes/strange.toml` and
`between.toml`. A cuboctahedron stands between cube and truncated octahedron (r = 0.87, between 0.66 and 1.00)."""
UNSEEN = ("plate", "rhombic_dodecahedron")
"""Shapes that no network of ours has seen."""
LARGEST_TETRAHEDRON_NM = 6.0
"""Larger ones are wider than the widest stored wave."""


def named(shape: str) -> str:
    """A set's name says whether training has seen the like."""
    return f"{shape} ({'other ones taught' if shape in TAUGHT else 'never seen'})"


SETS = ("vacuum", "bare film", "overlapping pair", *map(named, (*TAUGHT, *UNSEEN)), f"gold at {FAINT_E_PER_A2:g} e/Å²")
"""Names of what `out_of_distribution_sets` makes, in order."""


Arrangement = tuple[list[Placement], float, tuple[float, float]]
"""What is placed, the beam energy in keV, and where (y, x in pixels of the field of view) the patch is cut."""


def out_of_distribution_sets(held_out: HeldOut, patches_per_set: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """Patches (n, p, p) by the name of their set, all on the envelope of the shapes but for the last set's dose.

    Args:
        held_out: particles and films.
        patches_per_set: n.
        seed: of all draws.
    """
    particles = max(4, patches_per_set // 4)

    def patches(
        number: int,
        arrange: Callable[[np.random.Generator], Arrangement],
        *,
        envelope: Envelope = held_out.envelope,
        film: bool = True,
    ) -> NDArray[np.float32]:
        """A set; its draws follow from its number."""
        rng = np.random.default_rng([seed, number])
        return _patches(held_out, patches_per_set, rng, arrange, envelope=envelope, film=film)

    def one_of(waves: Sequence[ParticleWave]) -> Callable[[np.random.Generator], Arrangement]:
        return lambda rng: _one(held_out, waves, rng)

    sets = {
        "vacuum": patches(1, lambda rng: _nothing(held_out, rng), film=False),
        "bare film": patches(2, lambda rng: _nothing(held_out, rng)),
        "overlapping pair": patches(4, lambda rng: _pair(held_out, rng)),
    }
    for number, shape in enumerate((*TAUGHT, *UNSEEN)):
        waves = _particles_of(held_out.recipe, shape, particles, seed + number)
        sets[named(shape)] = patches(20 + number, one_of(waves))
    gold = [wave for wave in held_out.waves if wave.element == "Au"]
    faint = replace(held_out.envelope, dose_e_per_a2=(FAINT_E_PER_A2, FAINT_E_PER_A2))
    sets[f"gold at {FAINT_E_PER_A2:g} e/Å²"] = patches(9, one_of(gold), envelope=faint)
    return sets


def _particles_of(recipe: WaveRecipe, shape: str, count: int, seed: int) -> list[ParticleWave]:
    """Exit waves of particles of a shape that is no class."""
    low, high = recipe.diameter_nm
    largest_nm = min(high, LARGEST_TETRAHEDRON_NM) if shape == "tetrahedron" else high
    unfamiliar = replace(recipe, shapes=(shape,), seed=seed, diameter_nm=(low, largest_nm))
    return [particle_wave(unfamiliar, n, torch.device("cpu")) for n in range(count)]


def _patches(
    held_out: HeldOut,
    count: int,
    rng: np.random.Generator,
    arrange: Callable[[np.random.Generator], Arrangement],
    *,
    envelope: Envelope,
    film: bool,
) -> NDArray[np.float32]:
    """Patches (count, p, p), each of a field of view of its own."""
    grid, geometry = field_grid(held_out.recipe), RENDER_GEOMETRY.classifier
    patches = []
    for _ in range(count):
        # The order of the draws is what makes the images of a seed.
        placements, energy_kev, (y_px, x_px) = arrange(rng)
        under = _film(held_out, energy_kev, rng) if film else None
        field = compose(under, placements, grid, energy_kev, film_first=bool(rng.random() < 0.5))
        exposure = draw_exposure(field, envelope, rng)
        centre = exposure.truth.view.camera_indices(np.array([[y_px, x_px]])).astype(np.float32)
        cut = cut_patches(exposure.counts, centre, exposure.pixel_size_nm, geometry.patch_px, geometry.pixel_size_nm)
        patches.append(cut[0, 0])
    return np.array(patches)


def _film(held_out: HeldOut, energy_kev: float, rng: np.random.Generator) -> FilmWave:
    films = [f for f in held_out.films if f.energy_kev == energy_kev]
    return turned_film(films[int(rng.integers(len(films)))], rng)


def _middle(held_out: HeldOut, rng: np.random.Generator) -> tuple[int, int]:
    low, high = int(0.35 * held_out.recipe.film_width_px), int(0.65 * held_out.recipe.film_width_px)
    y_px, x_px = rng.integers(low, high, 2)
    return int(y_px), int(x_px)


def _nothing(held_out: HeldOut, rng: np.random.Generator) -> Arrangement:
    return [], float(rng.choice(held_out.recipe.energies_kev)), _middle(held_out, rng)


def _one(held_out: HeldOut, waves: Sequence[ParticleWave], rng: np.random.Generator) -> Arrangement:
    y_px, x_px = _middle(held_out, rng)
    particle = waves[int(rng.integers(len(waves)))]
    return [Placement(particle=particle, y_px=y_px, x_px=x_px)], particle.energy_kev, (y_px, x_px)


def _pair(held_out: HeldOut, rng: np.random.Generator) -> Arrangement:
    """Two particles, one over the other by a third of their width and more; the patch's centre is between them."""
    y_px, x_px = _middle(held_out, rng)
    one = held_out.waves[int(rng.integers(len(held_out.waves)))]
    same_beam = [w for w in held_out.waves if w.energy_kev == one.energy_kev]
    two = same_beam[int(rng.integers(len(same_beam)))]
    reach_px = 0.5 * (one.diameter_nm + two.diameter_nm) / held_out.recipe.pixel_size_nm
    angle, distance = rng.uniform(0, 2 * np.pi), reach_px * rng.uniform(0.25, 0.67)
    other = (round(y_px + distance * np.sin(angle)), round(x_px + distance * np.cos(angle)))
    placements = [Placement(particle=one, y_px=y_px, x_px=x_px), Placement(particle=two, y_px=other[0], x_px=other[1])]
    return placements, one.energy_kev, ((y_px + other[0]) / 2, (x_px + other[1]) / 2)

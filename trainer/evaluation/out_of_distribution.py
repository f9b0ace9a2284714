"""Inputs to which no class is the answer, made by the simulator: how often does the engine say ``unknown``?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from agent.core.preprocessing.classifier_input import cut_patches
from simulator.exit_waves.simulate import FilmWave, ParticleWave, particle_wave
from simulator.recipe import Envelope, WaveRecipe
from simulator.scenes.composition import Placed, compose
from simulator.scenes.exposure import draw_exposure
from trainer.data.samples import Sizes, turned
from trainer.evaluation.controlled import Material, field_grid

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
"""Names of what `strange_sets` makes, in order."""


def strange_sets(of: Material, patches_a_set: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """Patches (n, p, p) by name, all on the envelope of the shapes but for the last set's dose."""
    particles = max(4, patches_a_set // 4)

    def rng(n: int) -> np.random.Generator:
        return np.random.default_rng([seed, n])

    odd = {shape: _strangers(of.recipe, shape, particles, seed + n) for n, shape in enumerate((*TAUGHT, *UNSEEN))}
    gold = [w for w in of.waves if w.element == "Au"]
    faint = replace(of.envelope, dose_e_per_a2=(FAINT_E_PER_A2, FAINT_E_PER_A2))
    sets = {
        "vacuum": _sights(of, of.envelope, patches_a_set, rng(1), lambda r: _nothing(of, r), film=False),
        "bare film": _sights(of, of.envelope, patches_a_set, rng(2), lambda r: _nothing(of, r)),
        "overlapping pair": _sights(of, of.envelope, patches_a_set, rng(4), lambda r: _pair(of, r)),
    }
    for n, (shape, waves) in enumerate(odd.items()):
        sets[named(shape)] = _sights(of, of.envelope, patches_a_set, rng(20 + n), lambda r, w=waves: _one(of, w, r))  # type: ignore[misc]
    sets[f"gold at {FAINT_E_PER_A2:g} e/Å²"] = _sights(of, faint, patches_a_set, rng(9), lambda r: _one(of, gold, r))
    return sets


def _strangers(recipe: WaveRecipe, shape: str, count: int, seed: int) -> list[ParticleWave]:
    low, high = recipe.diameter_nm
    largest_nm = min(high, LARGEST_TETRAHEDRON_NM) if shape == "tetrahedron" else high
    strange = replace(recipe, shapes=(shape,), seed=seed, diameter_nm=(low, largest_nm))
    return [particle_wave(strange, n, torch.device("cpu")) for n in range(count)]


def _sights(
    of: Material,
    envelope: Envelope,
    count: int,
    rng: np.random.Generator,
    arrange: Callable[[np.random.Generator], tuple[list[Placed], float, tuple[float, float]]],
    *,
    film: bool = True,
) -> NDArray[np.float32]:
    """`arrange` gives what is placed, the beam energy, and where (y, x in field pixels) the patch is cut."""
    grid, sizes = field_grid(of.recipe), Sizes()
    patches = []
    for _ in range(count):
        placed, energy_kev, (y_px, x_px) = arrange(rng)
        under = _film(of, energy_kev, rng) if film else None
        field = compose(under, placed, grid, energy_kev, film_first=bool(rng.random() < 0.5))
        exposure = draw_exposure(field, envelope, rng)
        at = (np.array([y_px, x_px]) + 0.5) * grid.pixel_size_nm - exposure.corner_nm
        centre = (at / exposure.pixel_size_nm - 0.5)[None].astype(np.float32)
        cut = cut_patches(exposure.counts, centre, exposure.pixel_size_nm, sizes.patch_px, sizes.patch_pixel_size_nm)
        patches.append(cut[0, 0])
    return np.array(patches)


def _film(of: Material, energy_kev: float, rng: np.random.Generator) -> FilmWave:
    own = [f for f in of.films if f.energy_kev == energy_kev]
    return turned(own[int(rng.integers(len(own)))], rng)


def _middle(of: Material, rng: np.random.Generator) -> tuple[int, int]:
    low, high = int(0.35 * of.recipe.film_width_px), int(0.65 * of.recipe.film_width_px)
    y_px, x_px = rng.integers(low, high, 2)
    return int(y_px), int(x_px)


def _nothing(of: Material, rng: np.random.Generator) -> tuple[list[Placed], float, tuple[float, float]]:
    return [], float(rng.choice(of.recipe.energies_kev)), _middle(of, rng)


def _one(
    of: Material, waves: Sequence[ParticleWave], rng: np.random.Generator
) -> tuple[list[Placed], float, tuple[float, float]]:
    y_px, x_px = _middle(of, rng)
    particle = waves[int(rng.integers(len(waves)))]
    return [Placed(particle=particle, y_px=y_px, x_px=x_px)], particle.energy_kev, (y_px, x_px)


def _pair(of: Material, rng: np.random.Generator) -> tuple[list[Placed], float, tuple[float, float]]:
    """Two particles, one over the other by a third of their width and more; the patch's centre is between them."""
    y_px, x_px = _middle(of, rng)
    one = of.waves[int(rng.integers(len(of.waves)))]
    like = [w for w in of.waves if w.energy_kev == one.energy_kev]
    two = like[int(rng.integers(len(like)))]
    reach_px = 0.5 * (one.diameter_nm + two.diameter_nm) / of.recipe.pixel_size_nm
    angle, distance = rng.uniform(0, 2 * np.pi), reach_px * rng.uniform(0.25, 0.67)
    other = (round(y_px + distance * np.sin(angle)), round(x_px + distance * np.cos(angle)))
    placed = [Placed(particle=one, y_px=y_px, x_px=x_px), Placed(particle=two, y_px=other[0], x_px=other[1])]
    return placed, one.energy_kev, ((y_px + other[0]) / 2, (x_px + other[1]) / 2)

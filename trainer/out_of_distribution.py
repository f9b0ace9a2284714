"""Inputs to which no class is the answer, made by the simulator: how often does the engine say ``unknown``?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from agent.core.patches import cut_patches
from simulator.elements import FCC
from simulator.exposure import draw_exposure
from simulator.fields import Placed, compose
from simulator.grid import Grid, resample_spectrum
from simulator.multislice import exit_waves
from simulator.potential import Atoms
from simulator.recipe import Envelope, WaveRecipe, draw
from simulator.waves import FilmWave, ParticleWave, particle_wave, projection_mask
from trainer.render import Sizes, turned
from trainer.studies import Material, field_grid

FAINT_E_PER_A2 = 20.0
STRANGE_SHAPES = ("tetrahedron", "sphere", "cuboctahedron")
"""What the simulator can make and the engine has no class for. A cuboctahedron stands between cube and truncated
octahedron (r = 0.87, between 0.66 and 1.00)."""
LARGEST_TETRAHEDRON_NM = 6.0
"""Larger ones are wider than the widest stored wave."""
BLOB_FILLING = 0.9
"""Atoms of an amorphous blob, relative to the crystal."""
LEAST_GOLD_NM = 0.24


def strange_sets(of: Material, patches_a_set: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """Patches (n, p, p) by name, all on the envelope of the shapes but for the last set's dose."""
    energies = of.recipe.energies_kev
    particles = max(4, patches_a_set // 4)

    def rng(n: int) -> np.random.Generator:
        return np.random.default_rng([seed, n])

    odd = {shape: _strangers(of.recipe, shape, particles, seed + n) for n, shape in enumerate(STRANGE_SHAPES)}
    blobs = [amorphous_blob(of.recipe, energies[n % len(energies)], rng(100 + n)) for n in range(particles)]
    gold = [w for w in of.waves if w.element == "Au"]
    faint = replace(of.envelope, dose_e_per_a2=(FAINT_E_PER_A2, FAINT_E_PER_A2))
    sets = {
        "vacuum": _sights(of, of.envelope, patches_a_set, rng(1), lambda r: _nothing(of, r), film=False),
        "bare film": _sights(of, of.envelope, patches_a_set, rng(2), lambda r: _nothing(of, r)),
        "amorphous blob": _sights(of, of.envelope, patches_a_set, rng(3), lambda r: _one(of, blobs, r)),
        "overlapping pair": _sights(of, of.envelope, patches_a_set, rng(4), lambda r: _pair(of, r)),
    }
    for n, (shape, waves) in enumerate(odd.items()):
        sets[shape] = _sights(of, of.envelope, patches_a_set, rng(5 + n), lambda r, w=waves: _one(of, w, r))  # type: ignore[misc]
    sets[f"gold at {FAINT_E_PER_A2:g} e/Å²"] = _sights(of, faint, patches_a_set, rng(9), lambda r: _one(of, gold, r))
    return sets


def amorphous_blob(recipe: WaveRecipe, energy_kev: float, rng: np.random.Generator) -> ParticleWave:
    """A ball of gold atoms without order: thrown in at random, then pushed apart until few are too near."""
    gold = FCC["Au"]
    diameter_nm = draw(recipe.diameter_nm, rng)
    radius_nm = diameter_nm / 2
    count = round(BLOB_FILLING * 4 / 3 * np.pi * radius_nm**3 / gold.atom_nm3)
    at = rng.normal(size=(count, 3))
    at *= radius_nm * rng.random((count, 1)) ** (1 / 3) / np.linalg.norm(at, axis=1, keepdims=True)
    for _ in range(60):
        pairs = cKDTree(at).query_pairs(LEAST_GOLD_NM, output_type="ndarray")
        if not len(pairs):
            break
        apart = at[pairs[:, 0]] - at[pairs[:, 1]]
        length = np.linalg.norm(apart, axis=1, keepdims=True)
        push = apart / np.maximum(length, 1e-6) * (LEAST_GOLD_NM - length) * 0.5
        np.add.at(at, pairs[:, 0], push)
        np.add.at(at, pairs[:, 1], -push)
        far = np.maximum(np.linalg.norm(at, axis=1, keepdims=True) / radius_nm, 1)
        at /= far
    return wave_of(at, gold.atomic_number, "amorphous", "Au", diameter_nm, energy_kev, recipe, rng)


def wave_of(
    at_nm: NDArray[np.float64],
    atomic_number: int,
    shape: str,
    element: str,
    diameter_nm: float,
    energy_kev: float,
    recipe: WaveRecipe,
    rng: np.random.Generator,
) -> ParticleWave:
    """Exit wave of one element's atoms (n, 3) about their centre, stored as the stock's are."""
    side_px = int(np.ceil((2 * np.abs(at_nm[:, :2]).max() + 1.2) / recipe.pixel_size_nm / 12)) * 12
    fine = Grid(size_px=side_px * 7 // 6, pixel_size_nm=recipe.pixel_size_nm * 6 / 7)
    placed = at_nm + np.array([1.0, 1.0, 0.0]) * (side_px // 2 * recipe.pixel_size_nm)
    atoms = Atoms(positions_nm=placed, numbers=np.full(len(placed), atomic_number))
    absorption = draw(recipe.absorption, rng)
    wave = exit_waves([atoms], fine, energy_kev, recipe.slice_nm, torch.device("cpu"), absorption=absorption)[0]
    stored = torch.fft.ifft2(resample_spectrum(torch.fft.fft2(wave), side_px))
    return ParticleWave(
        index=0,
        wave=stored.numpy().astype(np.complex64),
        mask=projection_mask(placed, side_px, recipe.pixel_size_nm),
        shape=shape,
        element=element,
        energy_kev=energy_kev,
        diameter_nm=diameter_nm,
        depth_nm=float(np.ptp(at_nm[:, 2])),
        zone_angle_deg=float("nan"),
        quaternion=np.array([1.0, 0, 0, 0]),
    )


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

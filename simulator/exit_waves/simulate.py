"""(recipe, index) -> exit wave and its truth: one particle in vacuum, or one film. Seeded by recipe, kind, index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.ndimage import distance_transform_edt

from simulator.propagation.grid import Grid, resample_spectrum
from simulator.propagation.multislice import exit_waves
from simulator.propagation.potential import Atoms, slice_numbers
from simulator.random_draws import draw
from simulator.recipe import WaveRecipe
from simulator.specimen import carbon_film as carbon
from simulator.specimen import particle as particles

FIELDS_PX = (256, 320, 384, 448)
"""Sides a particle's wave may be stored with; the smallest that leaves `MARGIN_NM` all round is taken."""
MARGIN_NM = 0.6
CARBON = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParticleWave:
    """Exit wave of a particle in vacuum, at the height where its last atom lies."""

    index: int
    """In its store; with the recipe it says everything else."""
    wave: NDArray[np.complex64]
    """(n, n), y then x; the particle's centre of mass is at pixel (n // 2, n // 2)."""
    mask: NDArray[np.bool_]
    """(n, n), its projection."""
    shape: str
    """One of `simulator.specimen.shapes.SHAPES`."""
    element: str
    """Symbol of its metal."""
    energy_kev: float
    """Of the beam."""
    diameter_nm: float
    """Of the sphere of equal volume."""
    depth_nm: float
    """Along the beam, a whole number of slices."""
    zone_angle_deg: float
    """Between the beam and the nearest low-index axis of any grain."""
    quaternion: NDArray[np.float64]
    """(4,): w, x, y, z of the rotation from the shape's own frame."""
    atoms: int = 0
    """0: not known, as are the next two in stores made before they were kept."""
    absorption: float = float("nan")
    """Ratio of the absorptive to the elastic potential."""
    strain: NDArray[np.float64] | None = None
    """(3, 3), in the shape's own frame."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmWave:
    """Exit wave of a film; it does not close upon itself at its border."""

    index: int
    """In its store."""
    wave: NDArray[np.complex64]
    """(n, n), y then x, behind the film."""
    energy_kev: float
    """Of the beam."""
    thickness_nm: float
    """Along the beam; its surfaces are rough by 0.1 nm."""


def generator(recipe: WaveRecipe, kind: str, index: int) -> np.random.Generator:
    """Random numbers of one sample, independent of every other one."""
    return np.random.default_rng([recipe.seed, {"particle": 1, "film": 2}[kind], index])


def _fine(stored_px: int, stored_pixel_nm: float) -> Grid:
    """The multislice's grid: at least 7/6 as many pixels, so that its 2/3 limit reaches 7/9 of the stored Nyquist."""
    size_px = int(next_fast_len(-(-stored_px * 7 // 6), real=False))
    return Grid(size_px=size_px, pixel_size_nm=stored_px * stored_pixel_nm / size_px)


def _store(wave: torch.Tensor, stored_px: int) -> NDArray[np.complex64]:
    """A wave (n, n) without the frequencies that its stored grid (stored_px, stored_px) does not have."""
    cropped = torch.fft.ifft2(resample_spectrum(torch.fft.fft2(wave), stored_px))
    return np.asarray(cropped.cpu().numpy(), dtype=np.complex64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParticleDraw:
    """A particle of the store before its wave."""

    atoms: particles.Particle
    """About the centre of mass."""
    energy_kev: float
    """Of the beam."""
    absorption: float
    """Ratio of the absorptive to the elastic potential."""


def draw_particle(recipe: WaveRecipe, index: int) -> ParticleDraw:
    """Draw one particle of the store. The shape follows the index, so that classes are of equal size."""
    rng = generator(recipe, "particle", index)
    shape = recipe.shapes[index % len(recipe.shapes)]
    element = str(rng.choice(recipe.elements, p=np.array(recipe.element_weights) / sum(recipe.element_weights)))
    energy_kev = float(rng.choice(recipe.energies_kev))
    atoms = particles.build(shape, element, draw(recipe.diameter_nm, rng), rng)
    return ParticleDraw(atoms=atoms, energy_kev=energy_kev, absorption=draw(recipe.absorption, rng))


def particle_wave(recipe: WaveRecipe, index: int, device: torch.device) -> ParticleWave:
    """Simulate one particle of the store.

    Raises:
        ValueError: the particle is wider than the widest square that waves are kept in.
    """
    drawn = draw_particle(recipe, index)
    return simulate_wave(
        drawn.atoms, recipe, device, index=index, energy_kev=drawn.energy_kev, absorption=drawn.absorption
    )


def simulate_wave(
    particle: particles.Particle,
    recipe: WaveRecipe,
    device: torch.device,
    *,
    index: int,
    energy_kev: float,
    absorption: float,
) -> ParticleWave:
    """Exit wave of a particle's atoms as they lie; slices and pixels are the recipe's.

    Raises:
        ValueError: the particle is wider than the widest square that waves are kept in.
    """
    # The smallest square with room for the particle and its diffraction; its centre of mass goes to the middle pixel.
    extent_nm = float(2 * np.abs(particle.positions_nm[:, :2]).max()) + 2 * MARGIN_NM
    fitting = [n for n in FIELDS_PX if n * recipe.pixel_size_nm >= extent_nm]
    if not fitting:
        raise ValueError(f"particle {index} ({particle.shape}) spans {extent_nm:.1f} nm, more than the widest field")
    grid = _fine(fitting[0], recipe.pixel_size_nm)
    centre_nm = fitting[0] // 2 * recipe.pixel_size_nm
    at_nm = particle.positions_nm.astype(np.float64) + np.array([centre_nm, centre_nm, 0.0])
    atoms = Atoms(positions_nm=at_nm, numbers=np.full(len(at_nm), particle.atomic_number))
    wave = exit_waves([atoms], grid, energy_kev, recipe.slice_nm, device, absorption=absorption)[0]
    return ParticleWave(
        index=index,
        wave=_store(wave, fitting[0]),
        mask=projection_mask(at_nm, fitting[0], recipe.pixel_size_nm),
        shape=particle.shape,
        element=particle.element,
        energy_kev=energy_kev,
        diameter_nm=particle.diameter_nm,
        depth_nm=slice_numbers(at_nm[:, 2], recipe.slice_nm)[1] * recipe.slice_nm,
        zone_angle_deg=particle.zone_angle_deg,
        quaternion=np.asarray(particle.quaternion, dtype=np.float64),
        atoms=len(particle.positions_nm),
        absorption=absorption,
        strain=particle.strain,
    )


def projection_mask(at_nm: NDArray[np.float64], size_px: int, pixel_size_nm: float) -> NDArray[np.bool_]:
    """Where discs of `ATOM_NM` around the projected atoms cover the plane, (n, n)."""
    hit = np.ones((size_px, size_px), dtype=bool)
    pixels = np.round(at_nm[:, [1, 0]] / pixel_size_nm).astype(int) % size_px
    hit[pixels[:, 0], pixels[:, 1]] = False
    return np.asarray(distance_transform_edt(hit) * pixel_size_nm <= ATOM_NM, dtype=bool)


ATOM_NM = 0.17
"""A little more than half the nearest-neighbour distance of gold (0.288 nm): the mask has no holes."""


def film_wave(recipe: WaveRecipe, index: int, device: torch.device) -> FilmWave:
    """Simulate one film of the store; beam energies alternate."""
    rng = generator(recipe, "film", index)
    energy_kev = recipe.energies_kev[index % len(recipe.energies_kev)]
    thickness_nm = draw(recipe.film_nm, rng)
    grid = _fine(recipe.film_width_px, recipe.pixel_size_nm)
    atoms = carbon.film(thickness_nm, grid.width_nm, rng)
    sample = Atoms(positions_nm=atoms, numbers=np.full(len(atoms), CARBON))
    wave = exit_waves([sample], grid, energy_kev, recipe.slice_nm, device, absorption=recipe.film_absorption)[0]
    return FilmWave(
        index=index, wave=_store(wave, recipe.film_width_px), energy_kev=energy_kev, thickness_nm=thickness_nm
    )

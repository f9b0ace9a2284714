"""Particle waves and a film wave to the clean image of a field, with its truth.

The field's wave is the product of the film's and the particles' waves, each propagated through free space to one plane:
the particles' mid-plane where the film comes first, the film's where it comes last (the film is weak, so what its depth
does to the wave that comes is small). `Optics.c1_nm` counts from the particles' mid-plane. Against the full multislice
of both this is off by 2 to 6 % of the intensity's standard deviation (film first; 11 % for a 7 nm cube on 6 nm) and by
0.5 to 3 % (film last; 3 to 12 % at the particles' mid-plane): tests/simulator/test_fields.py bounds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from simulator.exit_waves.simulate import FilmWave, ParticleWave
from simulator.imaging.optics import Optics, intensity_spectrum
from simulator.propagation.grid import Grid, resample_spectrum
from simulator.propagation.multislice import propagate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """A particle wave with its centre at pixel (y, x) of the field; it may be cut by the field's edge."""

    particle: ParticleWave
    y_px: int
    x_px: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """A composed wave and what is in it."""

    wave: torch.Tensor
    """(n, n) complex64 at the particles' mid-plane."""
    grid: Grid
    labels: NDArray[np.int32]
    """(n, n): 0 where there is no particle, else the particle's position in `placed` plus one."""
    placed: tuple[Placed, ...]
    film_nm: float
    """Thickness; 0 for vacuum."""
    energy_kev: float


def windows(placed: Placed, size_px: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """(slices of the field, slices of the particle's own square) where the two overlap; empty when they do not."""
    own_px = placed.particle.mask.shape[0]
    pairs = []
    for centre in (placed.y_px, placed.x_px):
        start = centre - own_px // 2
        low, high = max(start, 0), min(start + own_px, size_px)
        pairs.append((slice(low, max(high, low)), slice(low - start, max(high, low) - start)))
    return (pairs[0][0], pairs[1][0]), (pairs[0][1], pairs[1][1])


def compose(
    film: FilmWave | None, placed: Sequence[Placed], grid: Grid, energy_kev: float, *, film_first: bool = True
) -> Field:
    """Multiply the waves at one plane. `film_first`: the beam meets the film before the particles.

    Raises:
        ValueError: energies or sizes of the waves do not agree.
    """
    energies = {p.particle.energy_kev for p in placed} | ({film.energy_kev} if film else set()) | {energy_kev}
    if len(energies) > 1:
        raise ValueError(f"waves of one field need one beam energy, got {sorted(energies)} keV")
    wave = torch.ones(grid.size_px, grid.size_px, dtype=torch.complex64)
    labels = np.zeros((grid.size_px, grid.size_px), dtype=np.int32)
    for number, item in enumerate(placed, start=1):
        own = Grid(size_px=item.particle.wave.shape[0], pixel_size_nm=grid.pixel_size_nm)
        middle = propagate(torch.from_numpy(item.particle.wave), own, energy_kev, -item.particle.depth_nm / 2)
        target, source = windows(item, grid.size_px)
        wave[target] *= middle[source]
        labels[target][item.particle.mask[source]] = number
    thickness_nm = 0.0
    if film is not None:
        if film.wave.shape[0] != grid.size_px:
            raise ValueError(f"the film's wave is {film.wave.shape[0]} px wide, the field {grid.size_px}")
        thickness_nm = film.thickness_nm
        half_nm = float(np.mean([p.particle.depth_nm for p in placed])) / 2 if placed else 0.0
        film_wave = torch.from_numpy(film.wave)
        if film_first:
            wave = wave * propagate(film_wave, grid, energy_kev, half_nm)
        else:
            between_nm = half_nm + thickness_nm / 2
            reached = propagate(wave, grid, energy_kev, between_nm)
            wave = propagate(
                reached * propagate(film_wave, grid, energy_kev, -thickness_nm / 2), grid, energy_kev, -between_nm
            )
    return Field(wave=wave, grid=grid, labels=labels, placed=tuple(placed), film_nm=thickness_nm, energy_kev=energy_kev)


def image(field: Field, optics: Optics, camera_px: int) -> NDArray[np.float32]:
    """Clean intensity on the camera's pixels, (camera_px, camera_px), vacuum = 1; |psi|^2 comes before resampling."""
    return sampled(intensity_spectrum(field.wave, field.grid, optics), camera_px)


def sampled(spectrum: torch.Tensor, camera_px: int) -> NDArray[np.float32]:
    """An intensity's transform to the camera's pixels: several cameras may look at one image."""
    sampled = torch.fft.ifft2(resample_spectrum(spectrum, camera_px)).real
    return np.asarray(sampled.clamp_min(0).numpy(), dtype=np.float32)


WHOLE_SHARE = 0.8
"""Share of the tries that put a particle wholly inside; the others may cut it by the edge."""
GAP_NM = 0.5
"""Two particles that do not touch are at least so far apart."""
COARSE = 4
"""The distance to other particles is measured on every fourth pixel: it need not be exact, overlap must be."""


def place(
    particles: Sequence[ParticleWave], grid: Grid, rng: np.random.Generator, *, touching_share: float, tries: int = 30
) -> list[Placed]:
    """Scatter particles at random without overlap; a share of them is pushed against a neighbour.

    A particle that finds no room in `tries` tries is left out.
    """
    taken = np.zeros((grid.size_px, grid.size_px), dtype=bool)
    placed: list[Placed] = []
    for particle in particles:
        gap_nm = rng.uniform(0, 0.25) if placed and rng.random() < touching_share else None
        near = _near(taken, GAP_NM / grid.pixel_size_nm) if gap_nm is None else taken
        for _ in range(tries):
            rim_px = particle.mask.shape[0] // 2 if rng.random() < WHOLE_SHARE else 0
            y_px, x_px = (int(v) for v in rng.integers(rim_px, grid.size_px - rim_px, 2))
            if gap_nm is not None:
                y_px, x_px = _push(placed[int(rng.integers(len(placed)))], particle, grid, gap_nm, rng)
            item = Placed(particle=particle, y_px=y_px, x_px=x_px)
            target, source = windows(item, grid.size_px)
            covered = particle.mask[source]
            if covered.sum() < 0.15 * particle.mask.sum() or not 0 <= min(y_px, x_px) <= max(y_px, x_px) < grid.size_px:
                continue
            if not near[target][covered].any():
                taken[target] |= covered
                placed.append(item)
                break
    return placed


def _near(taken: NDArray[np.bool_], reach_px: float) -> NDArray[np.bool_]:
    """Pixels within about `reach_px` of a taken one, and the taken ones."""
    if not taken.any():
        return taken
    coarse = distance_transform_edt(~taken[::COARSE, ::COARSE]) * COARSE <= reach_px
    height, width = taken.shape
    return np.asarray(taken | np.repeat(np.repeat(coarse, COARSE, 0), COARSE, 1)[:height, :width])


def _push(
    neighbour: Placed, particle: ParticleWave, grid: Grid, gap_nm: float, rng: np.random.Generator
) -> tuple[int, int]:
    """A centre at which the two outlines nearly touch, in a random direction from the neighbour."""
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.sin(angle), np.cos(angle)])
    reach_px = _reach_px(neighbour.particle.mask, direction) + _reach_px(particle.mask, -direction)
    y_px, x_px = np.array([neighbour.y_px, neighbour.x_px]) + direction * (reach_px + gap_nm / grid.pixel_size_nm)
    return round(y_px), round(x_px)


def _reach_px(mask: NDArray[np.bool_], direction: NDArray[np.float64]) -> float:
    """How far the mask reaches from its square's centre along a direction (along the ray, not its support)."""
    half = mask.shape[0] // 2
    steps = np.arange(half)
    along = np.round(half + steps[:, None] * direction).astype(int)
    hits = np.flatnonzero(mask[along[:, 0], along[:, 1]])
    return float(hits[-1]) if hits.size else 0.0

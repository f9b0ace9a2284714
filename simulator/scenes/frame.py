"""Whole camera frames: film and particles on a field of any size, imaged and exposed, with the truth of each particle.

A wide film is sewn from the turns and shifts of one film's wave: the logarithm of its wave, without the mean, is a
random texture, and textures with windows whose squares add up to one are again a texture of the same strength.
Composition and its error: simulator/scenes/composition.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from simulator.exit_waves.simulate import FilmWave, ParticleWave, film_wave, particle_wave
from simulator.imaging.camera import Camera, expose
from simulator.imaging.optics import Optics
from simulator.propagation.grid import Grid
from simulator.recipe import WaveRecipe
from simulator.scenes.composition import Field, Placed, compose, image, place

RIM_NM = 0.8
"""Width of the field's rim that the camera does not see: the field is periodic, its particles are not."""
SEAM_PX = 128
"""Width of the strip in which two pieces of film pass into each other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """One particle of a frame."""

    identity: int
    """Its label in the frame's `labels`, and the same number in every frame of a movie; from 1."""
    y_px: float
    x_px: float
    """Centre of what is seen of it, camera pixels; (0, 0) is the centre of the first pixel."""
    diameter_nm: float
    """Of the sphere of equal volume, whole."""
    seen_share: float
    """Share of its projection inside the frame."""
    touches_border: bool
    shape: str
    element: str
    quaternion: NDArray[np.float64]
    zone_angle_deg: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WholeFrame:
    """Camera counts and everything behind them."""

    counts: NDArray[np.uint16]
    """(n, n)."""
    labels: NDArray[np.int32]
    """(n, n): 0 where there is no particle, else its identity."""
    particles: tuple[Truth, ...]
    """Those of which something is seen."""
    pixel_size_nm: float
    dose_e_per_a2: float
    optics: Optics
    film_nm: float


def field_grid(size_px: int, pixel_size_nm: float, wave_pixel_nm: float) -> Grid:
    """The waves' grid for a camera of so many pixels: as wide as the camera and its rim, of a length that is fast.

    Raises:
        ValueError: size or pixel size is not positive.
    """
    if not (size_px > 0 and pixel_size_nm > 0):
        raise ValueError(f"a frame needs a positive size and pixel size, got {size_px} px of {pixel_size_nm} nm")
    wanted = int(np.ceil((size_px * pixel_size_nm + 2 * RIM_NM) / wave_pixel_nm))
    return Grid(size_px=int(next_fast_len(wanted + wanted % 2, real=False)), pixel_size_nm=wave_pixel_nm)


def waves_on_demand(recipe: WaveRecipe, count: int, seed: int, energy_kev: float) -> list[ParticleWave]:
    """Particles of one beam energy simulated now instead of read from a stock; classes in turn."""
    own = replace(recipe, seed=seed, energies_kev=(energy_kev,))
    return [particle_wave(own, index, torch.device("cpu")) for index in range(count)]


def film_on_demand(recipe: WaveRecipe, thickness_nm: float, seed: int, energy_kev: float) -> FilmWave:
    """A film of one thickness and beam energy simulated now, `recipe.film_width_px` wide."""
    own = replace(recipe, seed=seed, energies_kev=(energy_kev,), film_nm=(thickness_nm, thickness_nm))
    return film_wave(own, 0, torch.device("cpu"))


def wide_film(film: FilmWave, size_px: int, rng: np.random.Generator) -> FilmWave:
    """A film of any width from pieces of one: as thick, as grainy, and nowhere the same.

    Raises:
        ValueError: the film is too narrow to be sewn.
    """
    piece_px = film.wave.shape[0] - SEAM_PX
    if piece_px < 2 * SEAM_PX:
        raise ValueError(f"a film of {3 * SEAM_PX} px or more is needed to sew from, got {film.wave.shape[0]}")
    texture = np.log(film.wave)
    mean = texture.mean()
    ramp = np.sin(np.pi / 2 * (np.arange(SEAM_PX) + 0.5) / SEAM_PX)
    window = np.concatenate([ramp, np.ones(film.wave.shape[0] - 2 * SEAM_PX), ramp[::-1]]).astype(np.float32)
    count = -(-size_px // piece_px)
    cloth = np.zeros((count * piece_px + SEAM_PX,) * 2, dtype=np.complex64)
    for top in range(0, count * piece_px, piece_px):
        for left in range(0, count * piece_px, piece_px):
            piece = np.rot90(texture - mean, int(rng.integers(4)))
            piece = piece[::-1] if rng.random() < 0.5 else piece
            piece = np.roll(piece, tuple(int(n) for n in rng.integers(0, piece.shape[0], 2)), (0, 1))
            cloth[top : top + piece.shape[0], left : left + piece.shape[0]] += piece * window[:, None] * window[None, :]
    edge = SEAM_PX // 2
    sewn = np.exp(cloth[edge : edge + size_px, edge : edge + size_px] + mean)
    return replace(film, wave=np.asarray(sewn, dtype=np.complex64))


def scatter(
    waves: Sequence[ParticleWave],
    film: FilmWave | None,
    grid: Grid,
    rng: np.random.Generator,
    *,
    touching_share: float,
    film_first: bool = True,
) -> Field:
    """A field with the particles at random places, some touching, some cut by the border, on a film of its width.

    Raises:
        ValueError: no particle and no film say the beam energy, or they do not agree on it.
    """
    energies = [w.energy_kev for w in waves] + ([film.energy_kev] if film else [])
    if not energies:
        raise ValueError("a field needs a film or a particle")
    if film is not None and film.wave.shape[0] != grid.size_px:
        film = wide_film(film, grid.size_px, rng)
    placed = place(waves, grid, rng, touching_share=touching_share)
    return compose(film, placed, grid, energies[0], film_first=film_first)


def shoot(
    field: Field,
    optics: Optics,
    camera: Camera,
    rng: np.random.Generator,
    *,
    size_px: int,
    pixel_size_nm: float,
    dose_e_per_a2: float,
    corner_nm: tuple[float, float] = (RIM_NM, RIM_NM),
    identities: Sequence[int] | None = None,
) -> WholeFrame:
    """Expose the part (y, x) from `corner_nm` on; the true pixel size is within a half pixel per field of the asked.

    Raises:
        ValueError: the camera would see beyond the field.
    """
    camera_px = round(field.grid.width_nm / pixel_size_nm)
    true_nm = field.grid.width_nm / camera_px
    top, left = (round(c / true_nm) for c in corner_nm)
    if min(top, left) < 0 or max(top, left) + size_px > camera_px:
        raise ValueError(f"{size_px} px from ({top}, {left}) do not lie in a field of {camera_px} px")
    seen = image(field, optics, camera_px)[top : top + size_px, left : left + size_px]
    labels, particles = truth(field, (top, left), size_px, true_nm, identities)
    return WholeFrame(
        counts=expose(seen, true_nm, dose_e_per_a2, camera, rng),
        labels=labels,
        particles=particles,
        pixel_size_nm=true_nm,
        dose_e_per_a2=dose_e_per_a2,
        optics=optics,
        film_nm=field.film_nm,
    )


def truth(
    field: Field,
    corner_px: tuple[int, int],
    size_px: int,
    pixel_size_nm: float,
    identities: Sequence[int] | None = None,
) -> tuple[NDArray[np.int32], tuple[Truth, ...]]:
    """(labels (n, n), what is seen) of a camera whose first pixel is camera pixel `corner_px` of the field."""
    numbers = list(identities) if identities is not None else list(range(1, len(field.placed) + 1))
    rows, columns = (
        np.minimum(((np.arange(size_px) + c + 0.5) * pixel_size_nm / field.grid.pixel_size_nm), field.grid.size_px - 1)
        for c in corner_px
    )
    seen = field.labels[rows.astype(int)[:, None], columns.astype(int)[None, :]]
    labels = np.append(0, numbers).astype(np.int32)[seen]
    scale = (field.grid.pixel_size_nm / pixel_size_nm) ** 2
    found = (
        _truth_of(item, number, labels == number, scale) for item, number in zip(field.placed, numbers, strict=True)
    )
    return labels, tuple(t for t in found if t is not None)


def _truth_of(item: Placed, number: int, seen: NDArray[np.bool_], scale: float) -> Truth | None:
    if not seen.any():
        return None
    y_px, x_px = np.nonzero(seen)
    edge = seen[0].any() or seen[-1].any() or seen[:, 0].any() or seen[:, -1].any()
    return Truth(
        identity=number,
        y_px=float(y_px.mean()),
        x_px=float(x_px.mean()),
        diameter_nm=item.particle.diameter_nm,
        seen_share=min(1.0, float(seen.sum() / (item.particle.mask.sum() * scale))),
        touches_border=bool(edge),
        shape=item.particle.shape,
        element=item.particle.element,
        quaternion=item.particle.quaternion,
        zone_angle_deg=item.particle.zone_angle_deg,
    )

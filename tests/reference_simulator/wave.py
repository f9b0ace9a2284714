"""Atoms to exit waves by abTEM: finite projections of Lobato's potentials, conventional multislice, no absorption.

abTEM counts in Å and orders arrays (x, y); here everything is in nm, and arrays stay (x, y) until the camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import abtem
import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from tests.reference_simulator.solids import Solid

SLICE_NM = 0.2
PIXEL_NM = 0.03
BOX_PX = 400
BOX_NM = BOX_PX * PIXEL_NM
FILM_PX = 600
"""A film is wider than the box: several particles lie on other places of it."""
SEAM_PX = 10
"""The film's rim has no neighbours outside; no window takes it in."""
MARGIN_NM = 0.2
"""Of the potential above and below the atoms."""
OFF_CENTRE_NM = 0.3
SETTINGS = {"dask.lazy": False, "precision": "float32", "diagnostics.progress_bar": False}

Slices = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExitWave:
    """abTEM's wave behind a particle and its film."""

    waves: abtem.Waves
    """(x, y); amplitude one in vacuum."""
    behind_nm: float
    """How far the exit plane lies behind the particle's mid-plane."""
    energy_kev: float
    at_nm: NDArray[np.float64]
    """(n, 2): x, y of the particle's atoms in the box."""


def slices(positions_nm: NDArray[np.float64], element: str, size_px: int) -> Slices:
    """Projected potential (s, x, y) of atoms over a square of `size_px` pixels, `MARGIN_NM` above and below them."""
    low, high = positions_nm[:, 2].min(), positions_nm[:, 2].max()
    count = int(np.ceil((high - low + 2 * MARGIN_NM) / SLICE_NM))
    spare_nm = count * SLICE_NM - (high - low)
    at = positions_nm + np.array([0, 0, spare_nm / 2 - low])
    width_nm = size_px * PIXEL_NM
    cell = 10 * np.array([width_nm, width_nm, count * SLICE_NM])
    atoms = Atoms([element] * len(at), positions=10 * at, cell=cell, pbc=True)
    with abtem.config.set(SETTINGS):
        built = abtem.Potential(
            atoms, gpts=size_px, slice_thickness=10 * SLICE_NM, projection="finite", parametrization="lobato"
        ).build(lazy=False)
    return np.asarray(built.array, dtype=np.float32)


def window(film: Slices, rng: np.random.Generator) -> Slices:
    """The box's part of a film, at a random place in one of its eight turns and flips."""
    x, y = rng.integers(SEAM_PX, film.shape[1] - BOX_PX - SEAM_PX, 2, endpoint=True)
    part = np.rot90(film[:, x : x + BOX_PX, y : y + BOX_PX], int(rng.integers(4)), (1, 2))
    part = part[:, ::-1] if rng.random() < 0.5 else part
    return part[::-1] if rng.random() < 0.5 else part


def stacked(first: Slices, second: Slices) -> Slices:
    """One behind the other along the beam; the slice at which they touch is shared."""
    whole = np.zeros((len(first) + len(second) - 1, *first.shape[1:]), dtype=np.float32)
    whole[: len(first)] += first
    whole[len(first) - 1 :] += second
    return whole


def exit_wave(solid: Solid, film: Slices, energy_kev: float, rng: np.random.Generator) -> ExitWave:
    """A particle near the middle of the box, behind or before the film, in a plane wave along +z."""
    shift = np.r_[BOX_NM / 2 + rng.uniform(-OFF_CENTRE_NM, OFF_CENTRE_NM, 2), 0]
    at = solid.positions_nm + shift
    own, under = slices(at, solid.element, BOX_PX), window(film, rng)
    film_first = bool(rng.random() < 0.5)
    whole = stacked(under, own) if film_first else stacked(own, under)
    behind = len(own) / 2 + (0 if film_first else len(under) - 1)
    return ExitWave(
        waves=through(whole, energy_kev), behind_nm=behind * SLICE_NM, energy_kev=energy_kev, at_nm=at[:, :2]
    )


def through(whole: Slices, energy_kev: float) -> abtem.Waves:
    """A plane wave of amplitude one behind slices (s, x, y) of square pixels."""
    extent = 10 * PIXEL_NM * whole.shape[1]
    with abtem.config.set(SETTINGS):
        potential = abtem.PotentialArray(whole, slice_thickness=10 * SLICE_NM, extent=(extent, extent))
        return abtem.PlaneWave(energy=1e3 * energy_kev).multislice(potential, lazy=False)


def carried(psi: NDArray[np.complexfloating], pixel_nm: float, energy_kev: float) -> abtem.Waves:
    """Another simulator's wave (x, y) as abTEM's."""
    return abtem.Waves(array=psi.astype(np.complex64), energy=1e3 * energy_kev, sampling=10 * pixel_nm)

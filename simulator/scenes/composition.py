"""Particle waves and a film's wave to the wave and the clean image of a field of view.

The field's wave is the product of the film's and the particles' waves, each propagated through free space to one plane:
the particles' mid-plane where the film comes first, the film's where it comes last (the film is weak, so what its depth
does to the wave that comes is small). `Optics.c1_nm` counts from the particles' mid-plane. Against the full multislice
of both this is off by 2 to 6 % of the intensity's standard deviation (film first; 11 % for a 7 nm cube on 6 nm) and by
0.5 to 3 % (film last; 3 to 12 % at the particles' mid-plane): tests/simulator/scenes/test_composition.py bounds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from simulator.exit_waves.simulate import FilmWave
from simulator.imaging.aberrations import Optics
from simulator.imaging.image_formation import intensity_spectrum
from simulator.propagation.grid import Grid, resample_spectrum
from simulator.propagation.multislice import propagate
from simulator.scenes.placement import Placement, common_windows

RIM_NM = 0.8
"""Width of the field's rim that no camera sees: the field is periodic, its particles are not, and the fringes of the
seam reach so far (with an aberration corrector; without one they reach tens of nanometres)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldOfView:
    """A composed wave and what is in it."""

    wave: torch.Tensor
    """(n, n) complex64 at the particles' mid-plane."""
    grid: Grid
    """Of the wave and the labels."""
    labels: NDArray[np.int32]
    """(n, n): 0 where there is no particle, else the particle's position in `placements` plus one. Of particles that
    lie over one another the last one has the pixel."""
    placements: tuple[Placement, ...]
    """What was composed, in the order of the labels."""
    film_nm: float
    """Thickness; 0 for vacuum."""
    energy_kev: float
    """Of the beam, that of every wave."""


def compose(
    film: FilmWave | None,
    placements: Sequence[Placement],
    grid: Grid,
    energy_kev: float,
    *,
    film_first: bool = True,
) -> FieldOfView:
    """Multiply the waves at one plane. `film_first`: the beam meets the film before the particles.

    Raises:
        ValueError: energies or sizes of the waves do not agree.
    """
    energies = {p.particle.energy_kev for p in placements} | ({film.energy_kev} if film else set()) | {energy_kev}
    if len(energies) > 1:
        raise ValueError(f"waves of one field need one beam energy, got {sorted(energies)} keV")
    wave = torch.ones(grid.size_px, grid.size_px, dtype=torch.complex64)
    labels = np.zeros((grid.size_px, grid.size_px), dtype=np.int32)
    # Every particle's wave is brought back from behind its last atom to its middle.
    for number, item in enumerate(placements, start=1):
        square = Grid(size_px=item.particle.wave.shape[0], pixel_size_nm=grid.pixel_size_nm)
        middle = propagate(torch.from_numpy(item.particle.wave), square, energy_kev, -item.particle.depth_nm / 2)
        in_field, in_particle = common_windows(item, grid.size_px)
        wave[in_field] *= middle[in_particle]
        labels[in_field][item.particle.mask[in_particle]] = number
    film_nm = 0.0
    if film is not None:
        if film.wave.shape[0] != grid.size_px:
            raise ValueError(f"the film's wave is {film.wave.shape[0]} px wide, the field {grid.size_px}")
        film_nm = film.thickness_nm
        half_depth_nm = float(np.mean([p.particle.depth_nm for p in placements])) / 2 if placements else 0.0
        film_wave = torch.from_numpy(film.wave)
        if film_first:
            # The film ends where the particles begin: half their depth before their middle.
            wave = wave * propagate(film_wave, grid, energy_kev, half_depth_nm)
        else:
            # On to the middle of the film, through it there, and back to the particles' middle.
            between_nm = half_depth_nm + film_nm / 2
            reached = propagate(wave, grid, energy_kev, between_nm)
            film_at_its_middle = propagate(film_wave, grid, energy_kev, -film_nm / 2)
            wave = propagate(reached * film_at_its_middle, grid, energy_kev, -between_nm)
    return FieldOfView(
        wave=wave, grid=grid, labels=labels, placements=tuple(placements), film_nm=film_nm, energy_kev=energy_kev
    )


def clean_image(field: FieldOfView, optics: Optics, camera_px: int) -> NDArray[np.float32]:
    """Intensity on the camera's pixels, (camera_px, camera_px), vacuum = 1; |psi|^2 comes before resampling.

    Raises:
        ValueError: as `simulator.imaging.image_formation.intensity_spectrum` does.
    """
    return resampled_intensity(intensity_spectrum(field.wave, field.grid, optics), camera_px)


def resampled_intensity(spectrum: torch.Tensor, camera_px: int) -> NDArray[np.float32]:
    """An intensity's transform (n, n) to (camera_px, camera_px) pixels: several cameras may look at one image."""
    resampled = torch.fft.ifft2(resample_spectrum(spectrum, camera_px)).real
    return np.asarray(resampled.clamp_min(0).numpy(), dtype=np.float32)

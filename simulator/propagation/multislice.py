"""Projected potential slices to exit waves: the conventional multislice of Cowley and Moodie.

psi_(n+1) = P * [ exp(i sigma V_n (1 + i mu)) psi_n ], band-limited to 2/3 (Kirkland, ch. 6). P is the paraxial Fresnel
propagator exp(-i pi lambda dz g^2); a plane wave is exp(+i k z), so a positive potential advances the phase. mu is the
ratio of the absorptive to the elastic potential (thermal diffuse scattering out of the aperture). A slice acts at its
middle: the last step to the exit plane is half a slice, which halves the error of thick slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch

from simulator.propagation.electron import interaction_rad_per_v_nm, wavelength_nm
from simulator.propagation.grid import Grid, band_columns, band_limit, frequencies, from_band, row_scratch, to_band
from simulator.propagation.pointwise import exp_i, exp_minus
from simulator.propagation.potential import Atoms, projected


@lru_cache(maxsize=32)
def propagator(grid: Grid, energy_kev: float, distance_nm: float, device: torch.device) -> torch.Tensor:
    """exp(-i pi lambda z g^2) within the band limit, (n, n) complex64."""
    g_y, g_x = frequencies(grid, device)
    phase = -torch.pi * wavelength_nm(energy_kev) * distance_nm * (g_y**2 + g_x**2)
    return torch.polar(torch.ones_like(phase), phase).to(torch.complex64) * band_limit(grid, device)


def propagate(wave: torch.Tensor, grid: Grid, energy_kev: float, distance_nm: float) -> torch.Tensor:
    """Free space, forwards for a positive distance, backwards for a negative one. (..., n, n) complex."""
    return torch.fft.ifft2(torch.fft.fft2(wave) * propagator(grid, energy_kev, distance_nm, wave.device))


MARGIN_NM = 0.4
"""Rows so far from all atoms of a slice pass it unchanged. What is left out is ringing of the band limit's edge: with
and without it the wave is equally far from the converged one (`python -m tests.bench.convergence`)."""


def exit_waves(
    samples: Sequence[Atoms],
    grid: Grid,
    energy_kev: float,
    slice_nm: float,
    device: torch.device,
    *,
    absorption: Sequence[float] | float = 0.0,
    margin_nm: float = MARGIN_NM,
) -> torch.Tensor:
    """Exit waves (b, n, n) complex64 of a unit plane wave through b samples, each at the end of its last slice.

    Potentials are made one by one and dropped, so that memory does not grow with the depth. `absorption` is one ratio
    for all or one per sample.

    Raises:
        ValueError: there are not as many ratios of absorption as samples.
    """
    ratios = [absorption] * len(samples) if isinstance(absorption, float | int) else list(absorption)
    if len(ratios) != len(samples):
        raise ValueError(f"absorption must be one ratio per sample, got {len(ratios)} for {len(samples)} samples")
    # The wave is kept as its spectrum between slices: an empty slice is one product.
    slicer = _slicer(grid, energy_kev, slice_nm, device, ratios)
    spectrum = slicer.plane_wave()
    for part in projected(samples, grid, slice_nm, device, margin_nm=margin_nm):
        if part is None:
            spectrum *= slicer.propagator
        else:
            spectrum = slicer.through(spectrum, part.potential_v_nm, part.first)
    return slicer.leave(spectrum)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Slicer:
    """One slice's work on spectra (b, 2 k + 1, n): the columns within the band limit in band order, each along memory.

    So every product and all transforms along y run along memory; between the two, `through` turns the touched rows.
    Band order is taken as frequencies 0 … 2 k: the wave is carried times exp(2 pi i k x / n), which no slice minds, and
    padding and cropping are one copy each.
    """

    grid: Grid
    """Of the waves."""
    sigma: float
    """Interaction parameter, rad per V nm."""
    absorption: torch.Tensor | None
    """(b, 1, 1), or None where there is none."""
    propagator: torch.Tensor
    """(2 k + 1, n) complex64: over one slice."""
    half_back: torch.Tensor
    """The same, half a slice backwards."""
    by_row: torch.Tensor
    """(b, n, n) scratch, zero beyond the first 2 k + 1 frequencies."""

    def plane_wave(self) -> torch.Tensor:
        """The unit wave along the axis: all of it in the frequency zero. (b, 2 k + 1, n)."""
        spectrum = self.propagator.new_zeros((len(self.by_row), *self.propagator.shape))
        spectrum[:, band_columns(self.grid), 0] = self.grid.size_px**2
        return spectrum

    def through(self, spectrum: torch.Tensor, potential_v_nm: torch.Tensor, first: int) -> torch.Tensor:
        """Through the potential (b, rows, n) of the rows from `first` on, and to the next slice."""
        rows, band = potential_v_nm.shape[-2], spectrum.shape[-2]
        # Back along y: every column in real space, still a spectrum along x.
        by_column = torch.fft.ifft(spectrum)
        # Only rows with potential are brought to real space along x, multiplied, and brought back.
        touched = by_column[..., first : first + rows].mT
        by_row = self.by_row[:, :rows]
        by_row[..., :band] = touched
        wave = torch.fft.ifft(by_row).mul_(transmission(potential_v_nm * self.sigma, self.absorption))
        # A copy, lest its columns be gathered from rows of 512 numbers, see `row_scratch`.
        after = torch.fft.fft(wave)[..., :band].contiguous()
        # The others keep their spectrum: outside the atoms the slice transmits all.
        if rows < self.grid.size_px:
            touched.copy_(after)
        else:
            by_column = after.mT
        # Forward along y, and free space to the next slice; the propagator cuts off at the band limit.
        return torch.fft.fft(by_column).mul_(self.propagator)

    def leave(self, spectrum: torch.Tensor) -> torch.Tensor:
        """From the last slice's end to the exit plane, half a slice back, in real space: (b, n, n)."""
        by_column = torch.fft.ifft(spectrum * self.half_back)
        return torch.fft.ifft(from_band(by_column.mT, self.grid.size_px))


def _slicer(
    grid: Grid, energy_kev: float, slice_nm: float, device: torch.device, absorption: Sequence[float]
) -> _Slicer:
    """Propagators in band order and room for rows, for as many samples as there are ratios of absorption."""
    columns = band_columns(grid)
    ratios = torch.tensor(absorption, dtype=torch.float32, device=device)[:, None, None]
    return _Slicer(
        grid=grid,
        sigma=interaction_rad_per_v_nm(energy_kev),
        absorption=ratios if any(absorption) else None,
        propagator=to_band(propagator(grid, energy_kev, slice_nm, device), columns).T.contiguous(),
        half_back=to_band(propagator(grid, energy_kev, -slice_nm / 2, device), columns).T.contiguous(),
        by_row=row_scratch(len(absorption), grid.size_px, grid.size_px, device),
    )


def transmission(phase_rad: torch.Tensor, absorption: torch.Tensor | None) -> torch.Tensor:
    """exp(i phase - absorption max(phase, 0)), complex64.

    The phase is clipped at zero in the damping: the band-limited potential rings below zero, matter does not emit.
    """
    through = exp_i(phase_rad)
    return through if absorption is None else through.mul_(exp_minus(phase_rad.clamp_min(0).mul_(absorption)))

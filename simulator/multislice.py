"""Projected potential slices to exit waves: the conventional multislice of Cowley and Moodie.

psi_(n+1) = P * [ exp(i sigma V_n (1 + i mu)) psi_n ], band-limited to 2/3 (Kirkland, ch. 6). P is the paraxial Fresnel
propagator exp(-i pi lambda dz g^2); a plane wave is exp(+i k z), so a positive potential advances the phase. mu is the
ratio of the absorptive to the elastic potential (thermal diffuse scattering out of the aperture).
"""

from __future__ import annotations

import torch

from simulator.grid import Grid, band_limit, frequencies
from simulator.physics import interaction_rad_per_v_nm, wavelength_nm


def propagator(grid: Grid, energy_kev: float, distance_nm: float, device: torch.device) -> torch.Tensor:
    """exp(-i pi lambda z g^2) within the band limit, (n, n) complex64."""
    g_y, g_x = frequencies(grid, device)
    phase = -torch.pi * wavelength_nm(energy_kev) * distance_nm * (g_y**2 + g_x**2)
    return torch.polar(torch.ones_like(phase), phase).to(torch.complex64) * band_limit(grid, device)


def propagate(wave: torch.Tensor, grid: Grid, energy_kev: float, distance_nm: float) -> torch.Tensor:
    """Free space, forwards for a positive distance, backwards for a negative one. (..., n, n) complex."""
    return torch.fft.ifft2(torch.fft.fft2(wave) * propagator(grid, energy_kev, distance_nm, wave.device))


def exit_wave(
    slices_v_nm: torch.Tensor, grid: Grid, energy_kev: float, slice_nm: float, *, absorption: float
) -> torch.Tensor:
    """Exit wave (n, n) complex64 of a unit plane wave through slices (s, n, n)."""
    sigma = interaction_rad_per_v_nm(energy_kev)
    step = propagator(grid, energy_kev, slice_nm, slices_v_nm.device)
    spectrum = torch.zeros(slices_v_nm.shape[-2:], dtype=torch.complex64, device=slices_v_nm.device)
    spectrum[0, 0] = grid.size_px**2
    wave = torch.fft.ifft2(spectrum)
    for potential in slices_v_nm:
        phase = sigma * potential
        # exp(-mu sigma V) with V clipped at zero: the band-limited potential rings below zero, matter does not emit.
        damping = torch.exp(-absorption * phase.clamp_min(0))
        transmitted = wave * torch.complex(damping * torch.cos(phase), damping * torch.sin(phase))
        wave = torch.fft.ifft2(torch.fft.fft2(transmitted) * step)
    return wave

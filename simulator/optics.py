"""Exit wave to image intensity: aberrations, partial coherence, aperture, blur.

Signs, written once (simulator/README.md repeats them): a defocus C1 > 0 is overfocus, C1 < 0 underfocus. The objective
lens multiplies the wave's spectrum by exp(-i chi),

    chi(theta) = 2 pi / lambda Re[ C1/2 w w* + A1/2 w*^2 + B2 w^2 w* + A2/3 w*^3 + C3/4 (w w*)^2 + S3 w^3 w* + A3/4 w*^4
                                    + C5/6 (w w*)^3 ],        w = theta_x + i theta_y = lambda (g_x + i g_y)

(Uhlemann and Haider, Ultramicroscopy 72 (1998) 109). With this sign, propagating by +z equals C1 = +z: a wave taken
z above the focal plane and imaged with C1 = -z is in focus. The focal spread is the 1/e half width of a Gaussian
distribution of C1, summed incoherently by Gauss-Hermite quadrature. The source's semi-angle is the 1/e half width of a
Gaussian in angle; its damping is the envelope exp(-(pi alpha / lambda |grad chi| lambda / 2 pi)^2) of each focus.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from simulator.grid import Grid, frequencies
from simulator.physics import wavelength_nm


@dataclass(frozen=True, slots=True, kw_only=True)
class Optics:
    """One state of the microscope. Complex aberrations carry their azimuth."""

    energy_kev: float
    c1_nm: float
    a1_nm: complex = 0j
    b2_nm: complex = 0j
    a2_nm: complex = 0j
    c3_nm: float = 0.0
    s3_nm: complex = 0j
    a3_nm: complex = 0j
    c5_nm: float = 0.0
    focal_spread_nm: float = 0.0
    """1/e half width (sqrt 2 times sigma)."""
    convergence_mrad: float = 0.0
    """1/e half width of the source's semi-angle."""
    aperture_per_nm: float = float("inf")
    """Radius of the objective aperture."""
    blur_nm: float = 0.0
    """Sigma of the image's vibration."""


def chi_rad(optics: Optics, theta_x: torch.Tensor, theta_y: torch.Tensor) -> torch.Tensor:
    """Aberration function at angles in rad, same shape, radians of phase."""
    w = torch.complex(*torch.broadcast_tensors(theta_x, theta_y))
    c = w.conj()
    r2 = (w * c).real
    path_nm = (
        optics.c1_nm * r2 / 2
        + optics.c3_nm * r2**2 / 4
        + optics.c5_nm * r2**3 / 6
        + (optics.a1_nm * c**2 / 2 + optics.b2_nm * w**2 * c + optics.a2_nm * c**3 / 3).real
        + (optics.s3_nm * w**3 * c + optics.a3_nm * c**4 / 4).real
    )
    return 2 * torch.pi / wavelength_nm(optics.energy_kev) * path_nm


def foci_nm(focal_spread_nm: float, foci: int) -> list[tuple[float, float]]:
    """(offset of C1, weight) of the Gauss-Hermite rule for a Gaussian of this 1/e half width."""
    if focal_spread_nm == 0:
        return [(0.0, 1.0)]
    nodes, weights = np.polynomial.hermite.hermgauss(foci)
    return [(float(focal_spread_nm * x), float(w / np.sqrt(np.pi))) for x, w in zip(nodes, weights, strict=True)]


def _source_envelope(optics: Optics, chi: torch.Tensor, grid: Grid) -> torch.Tensor:
    """exp(-(alpha / (2 lambda) |d chi / d g|)^2): a Gaussian source's damping (Frank 1973), by central differences."""
    step = 1 / grid.width_nm
    d_y = (torch.roll(chi, -1, 0) - torch.roll(chi, 1, 0)) / (2 * step)
    d_x = (torch.roll(chi, -1, 1) - torch.roll(chi, 1, 1)) / (2 * step)
    scale = optics.convergence_mrad * 1e-3 / (2 * wavelength_nm(optics.energy_kev))
    return torch.exp(-(scale**2) * (d_y**2 + d_x**2))


def intensity(wave: torch.Tensor, grid: Grid, optics: Optics, *, foci: int = 5) -> torch.Tensor:
    """|psi|^2 summed over the foci on the wave's full grid, (n, n) float32; a unit wave in vacuum gives one."""
    g_y, g_x = frequencies(grid, wave.device)
    lam = wavelength_nm(optics.energy_kev)
    theta_y, theta_x = lam * g_y, lam * g_x
    spectrum = torch.fft.fft2(wave)
    r2 = theta_x**2 + theta_y**2
    inside = ((g_y**2 + g_x**2) <= optics.aperture_per_nm**2).to(torch.float32)
    base = chi_rad(optics, theta_x, theta_y)
    total = torch.zeros(wave.shape, dtype=torch.float32, device=wave.device)
    for offset_nm, weight in foci_nm(optics.focal_spread_nm, foci):
        chi = base + torch.pi / lam * offset_nm * r2
        envelope = _source_envelope(optics, chi, grid) if optics.convergence_mrad > 0 else torch.ones_like(chi)
        transfer = torch.polar(envelope * inside, -chi).to(torch.complex64)
        total += weight * torch.fft.ifft2(spectrum * transfer).abs() ** 2
    if optics.blur_nm > 0:
        blur = torch.exp(-2 * (torch.pi * optics.blur_nm) ** 2 * (g_y**2 + g_x**2)).to(torch.float32)
        total = torch.fft.ifft2(torch.fft.fft2(total) * blur).real
    return total.clamp_min(0)

"""Exit wave to image intensity: aberrations, partial coherence, aperture, blur.

Signs, written once (simulator/README.md repeats them): a defocus C1 > 0 is overfocus, C1 < 0 underfocus. The objective
lens multiplies the wave's spectrum by exp(-i chi),

    chi(theta) = 2 pi / lambda Re[ C1/2 w w* + A1/2 w*^2 + B2 w^2 w* + A2/3 w*^3 + C3/4 (w w*)^2 + S3 w^3 w* + A3/4 w*^4
                                    + C5/6 (w w*)^3 ],        w = theta_x + i theta_y = lambda (g_x + i g_y)

(Uhlemann and Haider, Ultramicroscopy 72 (1998) 109). With this sign, propagating by +z equals C1 = +z: a wave taken
z above the focal plane and imaged with C1 = -z is in focus. The focal spread is the 1/e half width of a Gaussian
distribution of C1, summed incoherently by Gauss-Hermite quadrature. The source's semi-angle is the 1/e half width of a
Gaussian in angle; its damping is the envelope exp(-(pi alpha / lambda |grad path|)^2) of each focus (Frank, Optik 38
(1973) 519), where chi = 2 pi / lambda path.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

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


def chi_rad(optics: Optics, w: torch.Tensor) -> torch.Tensor:
    """Aberration function at complex angles w = theta_x + i theta_y in rad, radians of phase."""
    c = w.conj()
    r2 = _squared(w)
    r4 = r2 * r2
    path_nm = optics.c1_nm / 2 * r2 + optics.c3_nm / 4 * r4 + optics.c5_nm / 6 * (r4 * r2)
    # Terms that are zero cost nothing: images are made by the hundred thousand.
    if optics.a1_nm or optics.a2_nm or optics.b2_nm:
        path_nm = path_nm + (optics.a1_nm / 2 * (c * c) + optics.b2_nm * (r2 * w) + optics.a2_nm / 3 * (c * c * c)).real
    if optics.s3_nm or optics.a3_nm:
        path_nm = path_nm + (optics.s3_nm * (r2 * w * w) + optics.a3_nm / 4 * c**4).real
    return 2 * torch.pi / wavelength_nm(optics.energy_kev) * path_nm


def path_gradient_nm(optics: Optics, w: torch.Tensor) -> torch.Tensor:
    """d path / d theta_x + i d path / d theta_y at complex angles w, nm per rad, where chi = 2 pi / lambda path."""
    c = w.conj()
    r2 = _squared(w)
    gradient = (optics.c1_nm + optics.c3_nm * r2 + optics.c5_nm * r2 * r2) * w
    if optics.a1_nm or optics.a2_nm or optics.b2_nm:
        gradient = gradient + optics.a1_nm * c + optics.a2_nm * (c * c)
        gradient = gradient + optics.b2_nm * (w * w) + 2 * np.conj(optics.b2_nm) * r2
    if optics.s3_nm or optics.a3_nm:
        gradient = gradient + optics.s3_nm * w**3 + 3 * np.conj(optics.s3_nm) * (r2 * c) + optics.a3_nm * c**3
    return gradient


@lru_cache(maxsize=8)
def angles_rad(grid: Grid, energy_kev: float, device: torch.device) -> torch.Tensor:
    """theta_x + i theta_y of every frequency, (n, n) complex64."""
    g_y, g_x = frequencies(grid, device)
    angles = torch.complex(*torch.broadcast_tensors(g_x, g_y)) * wavelength_nm(energy_kev)
    return angles.to(torch.complex64)


def foci_nm(focal_spread_nm: float, foci: int) -> list[tuple[float, float]]:
    """(offset of C1, weight) of the Gauss-Hermite rule for a Gaussian of this 1/e half width."""
    if focal_spread_nm == 0:
        return [(0.0, 1.0)]
    nodes, weights = np.polynomial.hermite.hermgauss(foci)
    return [(float(focal_spread_nm * x), float(w / np.sqrt(np.pi))) for x, w in zip(nodes, weights, strict=True)]


def intensity(wave: torch.Tensor, grid: Grid, optics: Optics, *, foci: int = 5) -> torch.Tensor:
    """|psi|^2 summed over the foci on the wave's full grid, (n, n) float32; a unit wave in vacuum gives one."""
    return torch.fft.ifft2(intensity_spectrum(wave, grid, optics, foci=foci)).real.clamp_min(0)


def intensity_spectrum(wave: torch.Tensor, grid: Grid, optics: Optics, *, foci: int = 5) -> torch.Tensor:
    """The transform of `intensity` before it is clamped, (n, n) complex64: for those who resample it next."""
    w = angles_rad(grid, optics.energy_kev, wave.device)
    r2 = _squared(w)
    lam = wavelength_nm(optics.energy_kev)
    spectrum = torch.fft.fft2(wave) * _cis(-chi_rad(optics, w))
    if np.isfinite(optics.aperture_per_nm):
        spectrum = spectrum * (r2 <= (lam * optics.aperture_per_nm) ** 2)
    gradient_nm = path_gradient_nm(optics, w) if optics.convergence_mrad > 0 else None
    total = torch.zeros(wave.shape, dtype=torch.float32, device=wave.device)
    defocus: dict[float, torch.Tensor] = {}
    for offset_nm, weight in foci_nm(optics.focal_spread_nm, foci):
        # The rule's nodes come in pairs of opposite sign, whose phase factors are conjugates.
        if abs(offset_nm) not in defocus:
            defocus[abs(offset_nm)] = _cis(-torch.pi / lam * abs(offset_nm) * r2)
        factor = defocus[abs(offset_nm)]
        moved = spectrum * (factor if offset_nm >= 0 else factor.conj())
        if gradient_nm is not None:
            moved = moved * _source_envelope(optics, gradient_nm + offset_nm * w)
        image = torch.fft.ifft2(moved)
        total += weight * _squared(image)
    transformed = torch.fft.fft2(total)
    if optics.blur_nm > 0:
        transformed = transformed * torch.exp(-2 * (torch.pi * optics.blur_nm / lam) ** 2 * r2)
    return transformed


def _source_envelope(optics: Optics, gradient_nm: torch.Tensor) -> torch.Tensor:
    scale = torch.pi * optics.convergence_mrad * 1e-3 / wavelength_nm(optics.energy_kev)
    return torch.exp(-(scale**2) * _squared(gradient_nm))


def _squared(value: torch.Tensor) -> torch.Tensor:
    """|value|^2 of complex numbers, real; products are several times faster than powers."""
    return value.real * value.real + value.imag * value.imag


def _cis(phase: torch.Tensor) -> torch.Tensor:
    """exp(i phase); `torch.polar` takes twice as long."""
    return torch.complex(torch.cos(phase), torch.sin(phase))

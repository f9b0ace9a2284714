"""Exit wave to image intensity: the lens, partial coherence, the aperture and blur.

The lens is `simulator.imaging.aberrations`, whose header has the signs; foci and tilts over which images are summed are
`focal_spread` and `source_size`.
"""

from __future__ import annotations

import numpy as np
import torch

from simulator.imaging.aberrations import Optics, angles_rad, chi_rad, path_gradient_nm
from simulator.imaging.focal_spread import foci_for, foci_nm
from simulator.imaging.source_size import source_envelope, source_points_for, source_rad
from simulator.propagation.electron import wavelength_nm
from simulator.propagation.grid import Grid
from simulator.propagation.pointwise import exp_i, exp_minus, squared_modulus

REACH_OF_NYQUIST = 7 / 9
"""Waves hold no higher frequencies than this share of their grid's Nyquist frequency
(simulator/exit_waves/simulate.py)."""


def intensity(
    wave: torch.Tensor, grid: Grid, optics: Optics, *, foci: int | None = None, source_points: int | None = None
) -> torch.Tensor:
    """|psi|^2 of a wave (n, n), summed over foci and tilts on its full grid, (n, n) float32; vacuum gives one.

    As many foci and source points are taken as `foci_for` and `source_points_for` ask for, where their number is not
    given. Images are summed over about `source_points` squared tilts of the beam: the transmission cross-coefficient
    itself, T(g + q) T*(g' + q) summed over q. One source point, the fastest, acts as an envelope on each focus: exact
    where the scattered wave is weak.

    Raises:
        ValueError: foci or source points are not positive, or more are needed than the rules have.
    """
    return torch.fft.ifft2(
        intensity_spectrum(wave, grid, optics, foci=foci, source_points=source_points)
    ).real.clamp_min(0)


def intensity_spectrum(
    wave: torch.Tensor, grid: Grid, optics: Optics, *, foci: int | None = None, source_points: int | None = None
) -> torch.Tensor:
    """The transform of `intensity` before it is clamped, (n, n) complex64: for those who resample it next.

    Raises:
        ValueError: as `intensity` does.
    """
    if foci is None:
        highest_per_nm = min(REACH_OF_NYQUIST / (2 * grid.pixel_size_nm), optics.aperture_per_nm)
        # Spreads a twentieth of a nanometre apart share one rule.
        foci = foci_for(np.ceil(20 * optics.focal_spread_nm) / 20, optics.energy_kev, highest_per_nm)
    w = angles_rad(grid, optics.energy_kev, wave.device)
    spectrum = torch.fft.fft2(wave)
    if source_points is None:
        source_points = source_points_for(spectrum, w, optics)
    if foci < 1 or source_points < 1:
        raise ValueError(f"foci and source_points must be positive, got {foci} and {source_points}")
    # One image with the source as an envelope, or one for each tilt of the beam.
    if source_points == 1 or optics.convergence_mrad == 0:
        total = _sum_of_foci(spectrum, w, optics, foci, envelope=optics.convergence_mrad > 0)
    else:
        total = torch.zeros(wave.shape, dtype=torch.float32, device=wave.device)
        for tilt_rad, weight in source_rad(optics.convergence_mrad, source_points):
            total += weight * _sum_of_foci(spectrum, w + tilt_rad, optics, foci, envelope=False)
    # Vibration is a Gaussian on the intensity: exp(-2 pi^2 sigma^2 g^2).
    transformed = torch.fft.fft2(total)
    if optics.blur_nm > 0:
        g2 = squared_modulus(w) / wavelength_nm(optics.energy_kev) ** 2
        transformed = transformed * exp_minus(2 * (torch.pi * optics.blur_nm) ** 2 * g2)
    return transformed


def _sum_of_foci(spectrum: torch.Tensor, w: torch.Tensor, optics: Optics, foci: int, *, envelope: bool) -> torch.Tensor:
    """Images (n, n) of a spectrum (n, n) through the lens at angles w (n, n), summed over the foci."""
    r2 = squared_modulus(w)
    lam = wavelength_nm(optics.energy_kev)
    # The lens at its mean focus, and the aperture.
    spectrum = spectrum * exp_i(-chi_rad(optics, w))
    if np.isfinite(optics.aperture_per_nm):
        spectrum = spectrum * (r2 <= (lam * optics.aperture_per_nm) ** 2)
    gradient_nm = path_gradient_nm(optics, w) if envelope else None
    total = torch.zeros(spectrum.shape, dtype=torch.float32, device=spectrum.device)
    defocus: dict[float, torch.Tensor] = {}
    for offset_nm, weight in foci_nm(optics.focal_spread_nm, foci):
        # The rule's nodes come in pairs of opposite sign, whose phase factors are conjugates.
        if abs(offset_nm) not in defocus:
            defocus[abs(offset_nm)] = exp_i(-torch.pi / lam * abs(offset_nm) * r2)
        factor = defocus[abs(offset_nm)]
        moved = spectrum * (factor if offset_nm >= 0 else factor.conj())
        # A change of C1 by dC adds dC w to the gradient of the path.
        if gradient_nm is not None:
            moved = moved * source_envelope(optics, gradient_nm + offset_nm * w)
        image = torch.fft.ifft2(moved)
        total += weight * squared_modulus(image)
    return total

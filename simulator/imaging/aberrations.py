"""A state of the microscope, and the phase that its lens gives to every beam.

Signs, written once (simulator/README.md repeats them): a defocus C1 > 0 is overfocus, C1 < 0 underfocus. The objective
lens multiplies the wave's spectrum by exp(-i chi),

    chi(theta) = 2 pi / lambda Re[ C1/2 w w* + A1/2 w*^2 + B2 w^2 w* + A2/3 w*^3 + C3/4 (w w*)^2 + S3 w^3 w* + A3/4 w*^4
                                    + C5/6 (w w*)^3 ],        w = theta_x + i theta_y = lambda (g_x + i g_y)

(Uhlemann and Haider, Ultramicroscopy 72 (1998) 109). With this sign, propagating by +z equals C1 = +z: a wave taken
z above the focal plane and imaged with C1 = -z is in focus.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from simulator.propagation.electron import wavelength_nm
from simulator.propagation.grid import Grid, frequencies
from simulator.propagation.pointwise import squared_modulus


@dataclass(frozen=True, slots=True, kw_only=True)
class Optics:
    """One state of the microscope: nine aberration coefficients, partial coherence, aperture and vibration.

    All coefficients are lengths in nm; azimuths are counted from x towards y. For A1, A2 and A3 = |A| exp(i n phi), of
    n-fold symmetry, the path is longest along phi; B2 and S3 are of the other sense, longest along -phi.
    """

    energy_kev: float
    """Kinetic energy of the beam's electrons."""
    c1_nm: float
    """Defocus C1, nm. Positive is overfocus: the image is that of the wave propagated by +C1, of a plane behind the
    exit plane as the beam runs. Negative is underfocus."""
    a1_nm: complex = 0j
    """Twofold astigmatism A1, nm: the defocus is C1 + |A1| along its azimuth and C1 - |A1| across it."""
    b2_nm: complex = 0j
    """Axial coma B2, nm; positive real turns the path longer along +x."""
    a2_nm: complex = 0j
    """Threefold astigmatism A2, nm; positive real turns the path longer along +x and at 120 degrees from it."""
    c3_nm: float = 0.0
    """Spherical aberration C3 = Cs, nm. Positive, as of every round lens, focuses outer beams too strongly."""
    s3_nm: complex = 0j
    """Star aberration S3, nm, twofold; positive real turns the path longer along x, shorter along y."""
    a3_nm: complex = 0j
    """Fourfold astigmatism A3, nm; positive real turns the path longer along x and y, shorter between them."""
    c5_nm: float = 0.0
    """Fifth-order spherical aberration C5, nm; sign as that of C3."""
    focal_spread_nm: float = 0.0
    """1/e half width of the Gaussian distribution of C1 (sqrt 2 times sigma), nm."""
    convergence_mrad: float = 0.0
    """1/e half width of the Gaussian distribution of the beam's tilt: the source's semi-angle, mrad."""
    aperture_per_nm: float = float("inf")
    """Radius of the objective aperture, 1/nm, centred; infinite for none."""
    blur_nm: float = 0.0
    """Sigma of the image's Gaussian vibration in either direction, nm at the specimen."""


def chi_rad(optics: Optics, w: torch.Tensor) -> torch.Tensor:
    """Aberration function at complex angles w = theta_x + i theta_y in rad, any shape; radians of phase."""
    c = w.conj()
    r2 = squared_modulus(w)
    r4 = r2 * r2
    path_nm = optics.c1_nm / 2 * r2 + optics.c3_nm / 4 * r4 + optics.c5_nm / 6 * (r4 * r2)
    # Terms that are zero cost nothing: images are made by the hundred thousand.
    if optics.a1_nm or optics.a2_nm or optics.b2_nm:
        path_nm = path_nm + (optics.a1_nm / 2 * (c * c) + optics.b2_nm * (r2 * w) + optics.a2_nm / 3 * (c * c * c)).real
    if optics.s3_nm or optics.a3_nm:
        path_nm = path_nm + (optics.s3_nm * (r2 * w * w) + optics.a3_nm / 4 * c**4).real
    return 2 * torch.pi / wavelength_nm(optics.energy_kev) * path_nm


def path_gradient_nm(optics: Optics, w: torch.Tensor) -> torch.Tensor:
    """d path / d theta_x + i d path / d theta_y at complex angles w, nm per rad, where chi = 2 pi / lambda path.

    Any shape in, the same complex out. This is where in the image a beam arrives, seen from the direct one.
    """
    c = w.conj()
    r2 = squared_modulus(w)
    gradient = (optics.c1_nm + optics.c3_nm * r2 + optics.c5_nm * r2 * r2) * w
    if optics.a1_nm or optics.a2_nm or optics.b2_nm:
        gradient = gradient + optics.a1_nm * c + optics.a2_nm * (c * c)
        gradient = gradient + optics.b2_nm * (w * w) + 2 * np.conj(optics.b2_nm) * r2
    if optics.s3_nm or optics.a3_nm:
        gradient = gradient + optics.s3_nm * w**3 + 3 * np.conj(optics.s3_nm) * (r2 * c) + optics.a3_nm * c**3
    return gradient


@lru_cache(maxsize=8)
def angles_rad(grid: Grid, energy_kev: float, device: torch.device) -> torch.Tensor:
    """theta_x + i theta_y of every frequency, (n, n) complex64, FFT order."""
    g_y, g_x = frequencies(grid, device)
    angles = torch.complex(*torch.broadcast_tensors(g_x, g_y)) * wavelength_nm(energy_kev)
    return angles.to(torch.complex64)

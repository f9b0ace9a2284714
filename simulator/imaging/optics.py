"""Exit wave to image intensity: aberrations, partial coherence, aperture, blur.

Signs, written once (simulator/README.md repeats them): a defocus C1 > 0 is overfocus, C1 < 0 underfocus. The objective
lens multiplies the wave's spectrum by exp(-i chi),

    chi(theta) = 2 pi / lambda Re[ C1/2 w w* + A1/2 w*^2 + B2 w^2 w* + A2/3 w*^3 + C3/4 (w w*)^2 + S3 w^3 w* + A3/4 w*^4
                                    + C5/6 (w w*)^3 ],        w = theta_x + i theta_y = lambda (g_x + i g_y)

(Uhlemann and Haider, Ultramicroscopy 72 (1998) 109). With this sign, propagating by +z equals C1 = +z: a wave taken
z above the focal plane and imaged with C1 = -z is in focus. The focal spread is the 1/e half width of a Gaussian
distribution of C1, summed incoherently by Gauss-Hermite quadrature. The source's semi-angle is the 1/e half width of a
Gaussian in angle, summed over tilts of the beam, as many as the wave and the lens ask for: both are within 0.5 % of the
converged sum (`python -m tests.bench.lens`). A single tilt stands for the envelope exp(-(pi alpha / lambda |grad
path|)^2) of each focus (Frank, Optik 38 (1973) 519), where chi = 2 pi / lambda path: fast, up to 1.1 % of the image's
standard deviation off at 0.2 mrad and 6 % at 0.5 mrad.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from simulator.propagation.electron import wavelength_nm
from simulator.propagation.grid import Grid, frequencies
from simulator.propagation.pointwise import cis, decay


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


FOCI_TOLERANCE = 0.02
"""Largest error of the rule for the cosine of any phase that a focus turns: 0.4 % of an image's standard deviation."""
REACH_OF_NYQUIST = 7 / 9
"""Waves hold no higher frequencies than this share of their grid's Nyquist frequency
(simulator/exit_waves/simulate.py)."""


@lru_cache(maxsize=512)
def foci_for(focal_spread_nm: float, energy_kev: float, highest_per_nm: float) -> int:
    """Fewest foci (3 or more) whose rule follows the envelope exp(-(pi lambda spread g^2 / 2)^2) up to a frequency.

    Too few do not lose contrast, they invent some: fringes beyond the information limit come back undamped. At 5 nm and
    200 keV five foci are tens of per cent off.
    """
    phase = np.linspace(0, np.pi * wavelength_nm(energy_kev) * focal_spread_nm * highest_per_nm**2, 256)
    for foci in range(3, 64):
        nodes, weights = np.polynomial.hermite.hermgauss(foci)
        rule = (weights[:, None] * np.cos(nodes[:, None] * phase)).sum(0) / np.sqrt(np.pi)
        if float(np.abs(rule - np.exp(-(phase**2) / 4)).max()) < FOCI_TOLERANCE:
            return foci
    raise ValueError(
        f"a focal spread of {focal_spread_nm} nm needs more than 63 foci "
        f"for frequencies up to {highest_per_nm:.1f} / nm: close the aperture or say how many"
    )


HERMITE_POINTS = 6
"""From seven source points on they lie evenly: the rule of Hermite spends its outer nodes on what has no weight."""
EDGE_OF_SOURCE = 3.0
"""In half widths: 1e-4 of the source lies beyond."""


def _source_axis(points: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes in half widths of the source and weights of a rule on one axis, both (points,)."""
    if points <= HERMITE_POINTS:
        nodes, weights = np.polynomial.hermite.hermgauss(points)
    else:
        nodes = np.linspace(-EDGE_OF_SOURCE, EDGE_OF_SOURCE, points)
        weights = np.exp(-(nodes**2))
    return nodes, weights / weights.sum()


def source_rad(convergence_mrad: float, points: int) -> list[tuple[complex, float]]:
    """(tilt of the beam theta_x + i theta_y, weight) of the rule with `points` on either axis, within the source."""
    nodes, weights = _source_axis(points)
    inside = [
        (complex(x, y) * convergence_mrad * 1e-3, float(u * v))
        for x, u in zip(nodes, weights, strict=True)
        for y, v in zip(nodes, weights, strict=True)
        if points <= HERMITE_POINTS or np.hypot(x, y) < EDGE_OF_SOURCE + 1e-9
    ]
    total = sum(weight for _, weight in inside)
    return [(tilt, weight / total) for tilt, weight in inside]


SOURCE_TOLERANCE = 0.003
"""Largest error that is estimated for a source's rule, as a share of the image's standard deviation."""
MOST_SOURCE_POINTS = 64
PHASES = 1024
"""Beams are counted by as many classes of phase."""


def source_points_for(spectrum: torch.Tensor, w: torch.Tensor, optics: Optics) -> int:
    """Fewest source points on either axis, 1 for the envelope, that follow the source for a wave's spectrum (n, n).

    A tilt t turns the interference of a scattered beam g with the direct one by x = 2 pi / lambda |grad path(g)| t. The
    source damps it by exp(-(alpha x / t)^2 / 4), a rule by a sum of cosines; the difference over all beams, by their
    intensity, is the error of the linear image. The envelope is exact there. What it leaves out of the interference of
    two beams is a factor exp(x x' / 2), hence the mean of x^2 / 2 for it. Measured errors are 0.2 to 1.5 times those.

    Raises:
        ValueError: more than 64 points would be needed.
    """
    lam = wavelength_nm(optics.energy_kev)
    scattered = _squared(spectrum) * (_squared(w) <= (lam * optics.aperture_per_nm) ** 2)
    direct = float(scattered[0, 0])
    scattered[0, 0] = 0
    if float(scattered.sum()) < 1e-9 * direct:
        return 1
    turn_rad = 2 * torch.pi * optics.convergence_mrad * 1e-3 / lam * path_gradient_nm(optics, w).abs()
    step_rad = max(float(turn_rad.max()), 1e-9) / (PHASES - 1)
    bins = (turn_rad / step_rad).round().long().flatten()
    share = torch.bincount(bins, scattered.flatten(), PHASES).cpu().numpy()
    phase = step_rad * np.arange(PHASES)
    if (share * phase**2 / 2).sum() < SOURCE_TOLERANCE * share.sum():
        return 1
    damped = np.exp(-(phase**2) / 4)
    for points in range(2, MOST_SOURCE_POINTS + 1):
        nodes, weights = _source_axis(points)
        rule = (weights[:, None] * np.cos(nodes[:, None] * phase)).sum(0)
        if (share * (rule - damped) ** 2).sum() < SOURCE_TOLERANCE**2 * (share * damped**2).sum():
            return points
    raise ValueError(
        f"a source of {optics.convergence_mrad} mrad needs more than {MOST_SOURCE_POINTS} points an axis with these "
        "aberrations: close the aperture or say how many (1: an envelope, several per cent off)"
    )


def intensity(
    wave: torch.Tensor, grid: Grid, optics: Optics, *, foci: int | None = None, source_points: int | None = None
) -> torch.Tensor:
    """|psi|^2 summed over the foci on the wave's full grid, (n, n) float32; a unit wave in vacuum gives one.

    As many foci and source points are taken as `foci_for` and `source_points_for` ask for, where their number is not
    given. Images are summed over about `source_points` squared tilts of the beam: the transmission cross-coefficient
    itself, T(g + q) T*(g' + q) summed over q. One source point, the fastest, acts as an envelope on each focus: exact
    where the scattered wave is weak.

    Raises:
        ValueError: foci or source points are not positive.
    """
    return torch.fft.ifft2(
        intensity_spectrum(wave, grid, optics, foci=foci, source_points=source_points)
    ).real.clamp_min(0)


def intensity_spectrum(
    wave: torch.Tensor, grid: Grid, optics: Optics, *, foci: int | None = None, source_points: int | None = None
) -> torch.Tensor:
    """The transform of `intensity` before it is clamped, (n, n) complex64: for those who resample it next."""
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
    if source_points == 1 or optics.convergence_mrad == 0:
        total = _sum_of_foci(spectrum, w, optics, foci, envelope=optics.convergence_mrad > 0)
    else:
        total = torch.zeros(wave.shape, dtype=torch.float32, device=wave.device)
        for tilt_rad, weight in source_rad(optics.convergence_mrad, source_points):
            total += weight * _sum_of_foci(spectrum, w + tilt_rad, optics, foci, envelope=False)
    transformed = torch.fft.fft2(total)
    if optics.blur_nm > 0:
        g2 = _squared(w) / wavelength_nm(optics.energy_kev) ** 2
        transformed = transformed * decay(2 * (torch.pi * optics.blur_nm) ** 2 * g2)
    return transformed


def _sum_of_foci(spectrum: torch.Tensor, w: torch.Tensor, optics: Optics, foci: int, *, envelope: bool) -> torch.Tensor:
    """Images (n, n) of a spectrum through the lens at angles w, summed over the foci."""
    r2 = _squared(w)
    lam = wavelength_nm(optics.energy_kev)
    spectrum = spectrum * cis(-chi_rad(optics, w))
    if np.isfinite(optics.aperture_per_nm):
        spectrum = spectrum * (r2 <= (lam * optics.aperture_per_nm) ** 2)
    gradient_nm = path_gradient_nm(optics, w) if envelope else None
    total = torch.zeros(spectrum.shape, dtype=torch.float32, device=spectrum.device)
    defocus: dict[float, torch.Tensor] = {}
    for offset_nm, weight in foci_nm(optics.focal_spread_nm, foci):
        # The rule's nodes come in pairs of opposite sign, whose phase factors are conjugates.
        if abs(offset_nm) not in defocus:
            defocus[abs(offset_nm)] = cis(-torch.pi / lam * abs(offset_nm) * r2)
        factor = defocus[abs(offset_nm)]
        moved = spectrum * (factor if offset_nm >= 0 else factor.conj())
        if gradient_nm is not None:
            moved = moved * _source_envelope(optics, gradient_nm + offset_nm * w)
        image = torch.fft.ifft2(moved)
        total += weight * _squared(image)
    return total


def _source_envelope(optics: Optics, gradient_nm: torch.Tensor) -> torch.Tensor:
    scale = torch.pi * optics.convergence_mrad * 1e-3 / wavelength_nm(optics.energy_kev)
    return decay(scale**2 * _squared(gradient_nm))


def _squared(value: torch.Tensor) -> torch.Tensor:
    """|value|^2 of complex numbers, real; products are several times faster than powers."""
    return value.real * value.real + value.imag * value.imag

"""The source's size: a Gaussian distribution of the beam's tilt, summed over tilts or taken as an envelope.

The sum takes as many tilts as the wave and the lens ask for, within 0.5 % of the converged sum
(`python -m tests.bench.lens`). A single tilt stands for the envelope exp(-(pi alpha / lambda |grad path|)^2) of each
focus (Frank, Optik 38 (1973) 519), where chi = 2 pi / lambda path: fast, up to 1.1 % of the image's standard deviation
off at 0.2 mrad and 6 % at 0.5 mrad.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from simulator.imaging.aberrations import Optics, path_gradient_nm
from simulator.propagation.electron import wavelength_nm
from simulator.propagation.pointwise import exp_minus, squared_modulus

HERMITE_POINTS = 6
"""From seven source points on they lie evenly: the rule of Hermite spends its outer nodes on what has no weight."""
EDGE_OF_SOURCE = 3.0
"""In half widths: 1e-4 of the source lies beyond."""
SOURCE_TOLERANCE = 0.003
"""Largest error that is estimated for a source's rule, as a share of the image's standard deviation."""
MOST_SOURCE_POINTS = 64
PHASES = 1024
"""Beams are counted by as many classes of phase."""


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
    # Evenly spread points fill a square; those of its corners lie outside the round source.
    inside = [
        (complex(x, y) * convergence_mrad * 1e-3, float(u * v))
        for x, u in zip(nodes, weights, strict=True)
        for y, v in zip(nodes, weights, strict=True)
        if points <= HERMITE_POINTS or np.hypot(x, y) < EDGE_OF_SOURCE + 1e-9
    ]
    total = sum(weight for _, weight in inside)
    return [(tilt, weight / total) for tilt, weight in inside]


def source_points_for(spectrum: torch.Tensor, w: torch.Tensor, optics: Optics) -> int:
    """Fewest source points on either axis, 1 for the envelope, that follow the source for a wave's spectrum (n, n).

    A tilt t turns the interference of a scattered beam g with the direct one by x = 2 pi / lambda |grad path(g)| t. The
    source damps it by exp(-(alpha x / t)^2 / 4), a rule by a sum of cosines; the difference over all beams, by their
    intensity, is the error of the linear image. The envelope is exact there. What it leaves out of the interference of
    two beams is a factor exp(x x' / 2), hence the mean of x^2 / 2 for it. Measured errors are 0.2 to 1.5 times those.
    `w` (n, n) are the beams' complex angles.

    Raises:
        ValueError: more than 64 points would be needed.
    """
    lam = wavelength_nm(optics.energy_kev)
    # Intensity of every scattered beam that the aperture lets through; without any, nothing interferes.
    scattered = squared_modulus(spectrum) * (squared_modulus(w) <= (lam * optics.aperture_per_nm) ** 2)
    direct = float(scattered[0, 0])
    scattered[0, 0] = 0
    if float(scattered.sum()) < 1e-9 * direct:
        return 1
    # How much of that intensity is turned by how much for a tilt of one half width: a histogram of phases.
    turn_rad = 2 * torch.pi * optics.convergence_mrad * 1e-3 / lam * path_gradient_nm(optics, w).abs()
    step_rad = max(float(turn_rad.max()), 1e-9) / (PHASES - 1)
    bins = (turn_rad / step_rad).round().long().flatten()
    share = torch.bincount(bins, scattered.flatten(), PHASES).cpu().numpy()
    phase = step_rad * np.arange(PHASES)
    # Is the envelope good enough?
    if (share * phase**2 / 2).sum() < SOURCE_TOLERANCE * share.sum():
        return 1
    # Else the first rule whose damping of these phases is close to the source's.
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


def source_envelope(optics: Optics, gradient_nm: torch.Tensor) -> torch.Tensor:
    """exp(-(pi alpha / lambda |grad path|)^2) for gradients (n, n) complex in nm per rad, (n, n) float32."""
    scale = torch.pi * optics.convergence_mrad * 1e-3 / wavelength_nm(optics.energy_kev)
    return exp_minus(scale**2 * squared_modulus(gradient_nm))

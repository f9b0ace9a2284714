"""The focal spread: a Gaussian distribution of C1, summed incoherently by Gauss-Hermite quadrature.

As many foci are taken as keep the rule within 0.5 % of the converged sum (`python -m tests.bench.lens`).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simulator.propagation.electron import wavelength_nm

FOCI_TOLERANCE = 0.02
"""Largest error of the rule for the cosine of any phase that a focus turns: 0.4 % of an image's standard deviation."""
MOST_FOCI = 63


def foci_nm(focal_spread_nm: float, foci: int) -> list[tuple[float, float]]:
    """(offset of C1, weight) of the Gauss-Hermite rule for a Gaussian of this 1/e half width."""
    if focal_spread_nm == 0:
        return [(0.0, 1.0)]
    nodes, weights = np.polynomial.hermite.hermgauss(foci)
    return [(float(focal_spread_nm * x), float(w / np.sqrt(np.pi))) for x, w in zip(nodes, weights, strict=True)]


@lru_cache(maxsize=512)
def foci_for(focal_spread_nm: float, energy_kev: float, highest_per_nm: float) -> int:
    """Fewest foci (3 or more) whose rule follows the envelope exp(-(pi lambda spread g^2 / 2)^2) up to a frequency.

    Too few do not lose contrast, they invent some: fringes beyond the information limit come back undamped. At 5 nm and
    200 keV five foci are tens of per cent off.

    Raises:
        ValueError: more than 63 foci would be needed.
    """
    # The phase pi lambda spread g^2 by which a focus one half width off turns the beams up to that frequency.
    phase = np.linspace(0, np.pi * wavelength_nm(energy_kev) * focal_spread_nm * highest_per_nm**2, 256)
    for foci in range(3, MOST_FOCI + 1):
        nodes, weights = np.polynomial.hermite.hermgauss(foci)
        rule = (weights[:, None] * np.cos(nodes[:, None] * phase)).sum(0) / np.sqrt(np.pi)
        if float(np.abs(rule - np.exp(-(phase**2) / 4)).max()) < FOCI_TOLERANCE:
            return foci
    raise ValueError(
        f"a focal spread of {focal_spread_nm} nm needs more than {MOST_FOCI} foci "
        f"for frequencies up to {highest_per_nm:.1f} / nm: close the aperture or say how many"
    )

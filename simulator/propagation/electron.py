"""Electrons at a given energy: wavelength and interaction parameter. CODATA 2018."""

from __future__ import annotations

import math

ELECTRON_REST_KEV = 510.99895
HC_KEV_NM = 1.239841984
"""Planck's constant times the speed of light, keV nm."""
BOHR_NM = 0.0529177210903
RYDBERG_V = 13.605693122994


def wavelength_nm(energy_kev: float) -> float:
    """Relativistic de Broglie wavelength, lambda = hc / sqrt(E (E + 2 m c^2)).

    Kirkland, *Advanced Computing in Electron Microscopy*, eq. 2.5. The E^2 term is 9 % at 200 keV.

    Raises:
        ValueError: the energy is not positive.
    """
    if not energy_kev > 0:
        raise ValueError(f"energy_kev must be positive, got {energy_kev}")
    return HC_KEV_NM / math.sqrt(energy_kev * (energy_kev + 2 * ELECTRON_REST_KEV))


def interaction_rad_per_v_nm(energy_kev: float) -> float:
    """Phase of the wave for one volt nanometre of projected potential, sigma = 2 pi m e lambda / h^2.

    Written with E and m c^2, Kirkland eq. 5.6: sigma = 2 pi / (lambda E) (m c^2 + E) / (2 m c^2 + E).
    """
    total = (ELECTRON_REST_KEV + energy_kev) / (2 * ELECTRON_REST_KEV + energy_kev)
    return 2 * math.pi / (wavelength_nm(energy_kev) * energy_kev * 1e3) * total

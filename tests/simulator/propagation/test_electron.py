"""Wavelength and interaction parameter against the textbook's numbers."""

from __future__ import annotations

import pytest

from simulator.propagation.electron import ELECTRON_REST_KEV, HC_KEV_NM, interaction_rad_per_v_nm, wavelength_nm


@pytest.mark.parametrize(("energy_kev", "expected_pm"), [(80, 4.1757), (200, 2.5079), (300, 1.9687)])
def test_wavelengths_are_the_textbooks(energy_kev: float, expected_pm: float) -> None:
    assert wavelength_nm(energy_kev) * 1e3 == pytest.approx(expected_pm, abs=2e-4)


def test_the_interaction_parameter_at_200_kev_is_7_288e_4_per_volt_angstrom() -> None:
    assert interaction_rad_per_v_nm(200) * 0.1 == pytest.approx(7.288e-4, rel=1e-3)


# Bugs that a sister code found in itself (its commit a1ff61d). Each check is shown the bug and must refuse it. The two
# others, the source (bug 4) and orientations (bug 5), are in test_optics.py and test_particles.py.


def _wavelength_is_right(wavelength: float) -> bool:
    return abs(wavelength * 1e3 - 2.5079) < 2e-4


def test_bug_1_a_wavelength_without_its_relativistic_term_is_seen() -> None:
    assert _wavelength_is_right(wavelength_nm(200))
    assert not _wavelength_is_right(HC_KEV_NM / (200 * 2 * ELECTRON_REST_KEV) ** 0.5)

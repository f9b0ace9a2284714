"""Scattering factors and projected potentials against the analytic form and numbers one can check."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simulator.propagation.electron import interaction_rad_per_v_nm, wavelength_nm
from simulator.propagation.grid import Grid, band_limit, frequencies, resample_spectrum
from simulator.propagation.potential import projected_slices, slice_numbers
from simulator.propagation.scattering_factors import POTENTIAL_V_NM2, TABLE, scattering_factor_nm

CPU = torch.device("cpu")


@pytest.mark.parametrize(("energy_kev", "expected_pm"), [(80, 4.1757), (200, 2.5079), (300, 1.9687)])
def test_wavelengths_are_the_textbooks(energy_kev: float, expected_pm: float) -> None:
    assert wavelength_nm(energy_kev) * 1e3 == pytest.approx(expected_pm, abs=2e-4)


def test_the_interaction_parameter_at_200_kev_is_7_288e_4_per_volt_angstrom() -> None:
    assert interaction_rad_per_v_nm(200) * 0.1 == pytest.approx(7.288e-4, rel=1e-3)


def test_h_squared_over_2_pi_m_e_is_0_47878_v_nm2() -> None:
    assert pytest.approx(0.47878, rel=1e-4) == POTENTIAL_V_NM2


def test_forward_scattering_of_gold_is_heavier_than_of_carbon() -> None:
    gold, carbon = (float(scattering_factor_nm(z, np.float64(0.0))) for z in (79, 6))
    assert gold == pytest.approx(1.058, rel=0.05)  # 10.6 angstrom, Kirkland's table gives 10.57
    assert carbon == pytest.approx(0.25, rel=0.05)


def test_an_unknown_element_is_named() -> None:
    with pytest.raises(KeyError, match="Z = 1;"):
        scattering_factor_nm(1, np.float64(0.0))


@pytest.mark.parametrize("z", sorted(TABLE))
@pytest.mark.parametrize("where_px", [(0.0, 0.0), (10.5, 3.25), (63.9, 31.7)])
def test_one_atom_has_its_analytic_factor_inside_the_band_limit(z: int, where_px: tuple[float, float]) -> None:
    grid = Grid(size_px=128, pixel_size_nm=0.025)
    at_nm = np.array([[where_px[0] * 0.025, where_px[1] * 0.025, 0.0]])
    slices = projected_slices(at_nm, z, grid, 0.2, CPU)
    spectrum = torch.fft.fft2(slices[0].double()) * grid.pixel_size_nm**2
    g_y, g_x = frequencies(grid, CPU)
    expected = scattering_factor_nm(z, g_y**2 + g_x**2) * POTENTIAL_V_NM2
    shift = torch.exp(-2j * torch.pi * (g_x * at_nm[0, 0] + g_y * at_nm[0, 1]))
    inside = band_limit(grid, CPU) > 0
    error = (spectrum - expected * shift).abs() / expected
    assert float(error[inside].max()) < 1e-3
    assert float(spectrum.abs()[~inside].max()) < 1e-4 * float(expected.max())


def test_no_atom_is_dropped_between_slices() -> None:
    z_nm = np.linspace(0, 4, 4001)
    index, slices = slice_numbers(z_nm, 0.2)
    assert slices == 21
    assert np.bincount(index).sum() == 4001
    assert (np.diff(index) >= 0).all()


def test_atoms_do_not_all_fall_in_the_first_slice() -> None:
    positions = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    slices = projected_slices(positions, 79, Grid(size_px=64, pixel_size_nm=0.04), 0.2, CPU)
    assert slices.shape[0] == 6
    assert float(slices[0].sum()) == pytest.approx(float(slices[5].sum()), rel=1e-3)
    assert float(slices[2].abs().max()) < 1e-3 * float(slices[0].max())


def test_resampling_keeps_the_mean_and_a_slow_wave() -> None:
    x = torch.arange(96) / 96
    image = 1 + 0.1 * torch.cos(2 * torch.pi * 3 * x)[None, :] + torch.zeros(96, 1)
    small = torch.fft.ifft2(resample_spectrum(torch.fft.fft2(image), 64)).real
    wanted = 1 + 0.1 * torch.cos(2 * torch.pi * 3 * torch.arange(64) / 64)[None, :] + torch.zeros(64, 1)
    assert torch.allclose(small, wanted, atol=1e-5)

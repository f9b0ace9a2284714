"""Scattering factors and projected potentials against the analytic form and numbers one can check."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simulator.propagation.grid import Grid, band_limit, frequencies
from simulator.propagation.potential import projected_slices, slice_numbers
from simulator.propagation.scattering_factors import POTENTIAL_V_NM2, TABLE, scattering_factor_nm

CPU = torch.device("cpu")


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

"""The lens: signs of its aberrations."""

from __future__ import annotations

import torch

from simulator.imaging.aberrations import Optics
from simulator.imaging.image_formation import intensity
from simulator.propagation.multislice import propagate
from tests.simulator.slices import GRID, wave_of_few_atoms

CPU = torch.device("cpu")


def test_propagation_by_z_and_underfocus_by_z_is_focus() -> None:
    wave = wave_of_few_atoms()
    moved = propagate(wave, GRID, 300, 12.0)
    focus = intensity(wave, GRID, Optics(energy_kev=300, c1_nm=0))
    back = intensity(moved, GRID, Optics(energy_kev=300, c1_nm=-12.0))
    assert float((focus - back).abs().max()) < 2e-3
    wrong = intensity(moved, GRID, Optics(energy_kev=300, c1_nm=12.0))
    assert float((focus - wrong).abs().max()) > 0.1


def test_twofold_astigmatism_is_defocus_of_opposite_signs_along_its_axes() -> None:
    """A1 real and positive adds to C1 along x and takes away along y."""
    x = torch.arange(128) * GRID.pixel_size_nm
    ripple = 0.05 * torch.cos(2 * torch.pi * 5 * x / GRID.width_nm)
    along_x = (1 + 1j * ripple[None, :].expand(128, 128)).to(torch.complex64)
    along_y = along_x.T.contiguous()
    astigmatic = Optics(energy_kev=300, c1_nm=10, a1_nm=4)
    assert torch.allclose(
        intensity(along_x, GRID, astigmatic),
        intensity(along_x, GRID, Optics(energy_kev=300, c1_nm=14)),
        atol=1e-4,
    )
    assert torch.allclose(
        intensity(along_y, GRID, astigmatic),
        intensity(along_y, GRID, Optics(energy_kev=300, c1_nm=6)),
        atol=1e-4,
    )

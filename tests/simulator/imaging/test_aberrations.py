"""The lens: signs of its aberrations."""

from __future__ import annotations

import numpy as np
import torch

from simulator.imaging.aberrations import Optics
from simulator.imaging.image_formation import intensity
from simulator.propagation.grid import Grid
from simulator.propagation.multislice import propagate
from simulator.propagation.potential import projected_slices
from tests.simulator.slices import exit_wave

CPU = torch.device("cpu")


GRID = Grid(size_px=128, pixel_size_nm=0.03)


def _wave(absorption: float = 0.0) -> torch.Tensor:
    rng = np.random.default_rng(3)
    atoms = rng.uniform([1.2, 1.2, 0], [2.6, 2.6, 1.0], (40, 3))
    return exit_wave(projected_slices(atoms, 79, GRID, 0.2, CPU), GRID, 300, 0.2, absorption=absorption)


def test_propagation_by_z_and_underfocus_by_z_is_focus() -> None:
    wave = _wave()
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
        intensity(along_x, GRID, astigmatic), intensity(along_x, GRID, Optics(energy_kev=300, c1_nm=14)), atol=1e-4
    )
    assert torch.allclose(
        intensity(along_y, GRID, astigmatic), intensity(along_y, GRID, Optics(energy_kev=300, c1_nm=6)), atol=1e-4
    )

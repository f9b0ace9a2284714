"""Slices of potential to an exit wave, and the memory that a batch of waves takes: for tests and benches alone."""

from __future__ import annotations

import numpy as np
import torch

from simulator.propagation.grid import Grid
from simulator.propagation.multislice import _slicer
from simulator.propagation.potential import projected_slices

BYTES_PER_PIXEL = 160
"""Of a wave on its way: wave, spectrum, transmission, a potential, what transforms hold between them, and the
footprints of up to a quarter as many atoms as pixels."""
FIXED_BYTES_PER_PIXEL = 64
"""Propagators and filters, once for all."""


def peak_bytes(grid: Grid, batch: int) -> int:
    """Memory that `exit_waves` needs at most for a batch, whatever the depth.

    `python -m tests.bench.simulator` measures what a wave more takes; it was 114 to 134 bytes per pixel on a CPU.
    """
    return (batch * BYTES_PER_PIXEL + FIXED_BYTES_PER_PIXEL) * grid.size_px**2


def batch_size(grid: Grid, free_bytes: int) -> int:
    """The largest batch whose peak fits; `torch.cuda.mem_get_info()[0]` says what a GPU has free.

    On a CPU a batch of one is the fastest: it stays in the cache.

    Raises:
        ValueError: not even one wave fits.
    """
    batch = (free_bytes // grid.size_px**2 - FIXED_BYTES_PER_PIXEL) // BYTES_PER_PIXEL
    if batch < 1:
        raise ValueError(f"one wave of {grid.size_px} px needs {peak_bytes(grid, 1)} bytes, {free_bytes} are free")
    return batch


def exit_wave(
    slices_v_nm: torch.Tensor, grid: Grid, energy_kev: float, slice_nm: float, *, absorption: float
) -> torch.Tensor:
    """Exit wave (n, n) complex64 of a unit plane wave through slices (s, n, n) in V nm, at the end of the last one."""
    slicer = _slicer(grid, energy_kev, slice_nm, slices_v_nm.device, [absorption])
    spectrum = slicer.plane_wave()
    for potential in slices_v_nm[:, None]:
        spectrum = slicer.through(spectrum, potential, 0)
    return slicer.leave(spectrum)[0]


GRID = Grid(size_px=128, pixel_size_nm=0.03)


def wave_of_few_atoms(absorption: float = 0.0) -> torch.Tensor:
    """Exit wave (128, 128) of forty gold atoms in a cube of 1.4 nm, at 300 keV: something for a lens to image."""
    rng = np.random.default_rng(3)
    atoms = rng.uniform([1.2, 1.2, 0], [2.6, 2.6, 1.0], (40, 3))
    slices = projected_slices(atoms, 79, GRID, 0.2, torch.device("cpu"))
    return exit_wave(slices, GRID, 300, 0.2, absorption=absorption)

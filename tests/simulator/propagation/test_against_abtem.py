"""Exit waves against abTEM's finite projection of the same atoms (GPL-3: an oracle in tests, never shipped)."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simulator.propagation.grid import Grid, resample_spectrum
from simulator.propagation.multislice import exit_waves, propagate
from simulator.propagation.potential import Atoms

abtem = pytest.importorskip("abtem")
ase = pytest.importorskip("ase")

CPU = torch.device("cpu")
SLICE_NM = 0.1
DEPTH_NM = 2.4
WIDTH_NM = 2.0
COMMON_PX = 50
"""Both waves are compared within the band of 0.04 nm pixels."""


def _cluster() -> Atoms:
    """32 gold atoms, and one of carbon at either end that fixes the first and the last slice."""
    rng = np.random.default_rng(1)
    cell = 0.4078 * np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    corners = 0.4078 * np.stack(np.meshgrid(*[np.arange(2)] * 3), -1).reshape(-1, 1, 3)
    gold_nm = (corners + cell).reshape(-1, 3) + rng.normal(0, 0.01, (32, 3)) + [0.65, 0.65, 0.9]
    ends_nm = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, DEPTH_NM - 1e-4]])
    return Atoms(positions_nm=np.concatenate([ends_nm, gold_nm]), numbers=np.r_[6, 6, np.full(32, 79)])


@pytest.mark.filterwarnings("ignore")
def test_a_gold_cluster_gives_the_wave_that_the_finite_projection_gives() -> None:
    """At 6 pm pixels wave and exit intensity are 2.5 % and 11 % apart, of what is scattered and of its deviation.

    At 25 pm it is 20 and 39 %: abTEM samples its potential on the grid, ours is cut at the band limit. They come
    together as pixels shrink. A thin crystal is a phase object: its intensity at the exit hardly varies, so that the
    second figure divides by little.
    """
    differences = [_differences(size_px) for size_px in (80, 160, 320)]
    assert differences[2][0] < 0.03
    assert differences[2][1] < 0.13
    assert differences[0][0] > 2 * differences[1][0] > 4 * differences[2][0]


def _differences(size_px: int) -> tuple[float, float]:
    """(wave over scattered wave, standard deviation of the intensity's difference over the intensity's)."""
    grid = Grid(size_px=size_px, pixel_size_nm=WIDTH_NM / size_px)
    ours = exit_waves([_cluster()], grid, 300.0, SLICE_NM, CPU)[0]
    waves = [ours, _abtem_wave(_cluster(), grid, DEPTH_NM)]
    ours, theirs = (torch.fft.ifft2(resample_spectrum(torch.fft.fft2(w), COMMON_PX)) for w in waves)
    scattered = float((theirs - theirs.mean()).abs().square().mean().sqrt())
    wave = float((ours - theirs).abs().square().mean().sqrt()) / scattered
    return wave, float((ours.abs() ** 2 - theirs.abs() ** 2).std() / (theirs.abs() ** 2).std())


def _abtem_wave(sample: Atoms, grid: Grid, depth_nm: float) -> torch.Tensor:
    """Same atoms, slices and band limit; moved to where a slice acts at its middle; axes to (y, x)."""
    width = 10 * grid.width_nm
    atoms = ase.Atoms(numbers=sample.numbers, positions=10 * sample.positions_nm, cell=[width, width, 10 * depth_nm])
    potential = abtem.Potential(
        atoms, gpts=grid.size_px, slice_thickness=10 * SLICE_NM, projection="finite", parametrization="lobato"
    )
    with abtem.config.set({"precision": "float32", "diagnostics.progress_bar": False}):
        wave = abtem.PlaneWave(energy=300e3).multislice(potential, lazy=False)
    array = torch.from_numpy(np.ascontiguousarray(np.asarray(wave.array, dtype=np.complex64).squeeze().T))
    return propagate(array, grid, 300.0, -SLICE_NM / 2)

"""Exit waves: batches, order, thickness, and the bugs that a sister code found in itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simulator.propagation.grid import Grid
from simulator.propagation.multislice import exit_waves
from simulator.propagation.potential import Atoms, projected_slices
from tests.simulator.slices import batch_size, exit_wave, peak_bytes

CPU = torch.device("cpu")


GRID = Grid(size_px=96, pixel_size_nm=0.03)


def _atoms(seed: int, *, depth_nm: float = 1.0, number: int = 30) -> Atoms:
    rng = np.random.default_rng(seed)
    at = rng.uniform([0.8, 0.8, 0.0], [2.0, 2.0, depth_nm], (number, 3))
    return Atoms(positions_nm=at, numbers=rng.choice([6, 79], number))


def test_a_batch_gives_what_its_samples_give_alone() -> None:
    """Samples of different depth end together; each has its own absorption."""
    samples, ratios = [_atoms(1), _atoms(2, depth_nm=2.3), _atoms(3, depth_nm=0.1, number=1)], [0.0, 0.05, 0.1]
    together = exit_waves(samples, GRID, 300.0, 0.2, CPU, absorption=ratios, margin_nm=np.inf)
    for wave, sample, ratio in zip(together, samples, ratios, strict=True):
        alone = exit_waves([sample], GRID, 300.0, 0.2, CPU, absorption=ratio, margin_nm=np.inf)[0]
        assert float((wave - alone).abs().max()) < 2e-5


def test_the_order_of_atoms_does_not_matter_to_the_last_bit() -> None:
    atoms = _atoms(4)
    turned = Atoms(positions_nm=atoms.positions_nm[::-1], numbers=atoms.numbers[::-1])
    waves = [exit_waves([a], GRID, 200.0, 0.2, CPU)[0] for a in (atoms, turned)]
    assert torch.equal(*waves)


def test_streamed_slices_give_what_whole_ones_give() -> None:
    at = _atoms(5).positions_nm
    whole = exit_wave(projected_slices(at, 79, GRID, 0.2, CPU), GRID, 300.0, 0.2, absorption=0.05)
    sample = Atoms(positions_nm=at, numbers=np.full(len(at), 79))
    streamed = exit_waves([sample], GRID, 300.0, 0.2, CPU, absorption=0.05, margin_nm=np.inf)[0]
    assert float((whole - streamed).abs().max()) < 2e-5


def test_rows_beyond_the_margin_change_little() -> None:
    """0.3 nm leaves out ringing of the band limit's edge: under 3 % of what is scattered."""
    at = _atoms(6)
    near, all_rows = (exit_waves([at], GRID, 300.0, 0.2, CPU, margin_nm=m)[0] for m in (0.3, np.inf))
    assert float((near - all_rows).abs().square().mean().sqrt() / (all_rows - 1).abs().square().mean().sqrt()) < 0.03


def test_thinner_slices_converge() -> None:
    """Half the thickness, at most three quarters of the error: slices that act at their middle."""
    atoms = _atoms(7, depth_nm=3.2, number=80)
    edges = Atoms(  # the same first and last height whatever the thickness
        positions_nm=np.concatenate([atoms.positions_nm, [[1.0, 1.0, 0.0], [1.0, 1.0, 3.1999]]]),
        numbers=np.append(atoms.numbers, [6, 6]),
    )
    best = exit_waves([edges], GRID, 300.0, 0.025, CPU)[0]
    errors = [float((exit_waves([edges], GRID, 300.0, dz, CPU)[0] - best).abs().std()) for dz in (0.4, 0.2, 0.1)]
    assert errors[1] < 0.75 * errors[0]
    assert errors[2] < 0.75 * errors[1]


def test_memory_is_bounded_by_the_batch_and_the_batch_by_memory() -> None:
    assert peak_bytes(GRID, 8) - peak_bytes(GRID, 4) == 4 * (peak_bytes(GRID, 2) - peak_bytes(GRID, 1))
    free = 10 * peak_bytes(GRID, 1)
    assert peak_bytes(GRID, batch_size(GRID, free)) <= free < peak_bytes(GRID, batch_size(GRID, free) + 1)
    with pytest.raises(ValueError, match="one wave of 96 px needs"):
        batch_size(GRID, 1000)


def test_absorption_must_be_given_for_every_sample() -> None:
    with pytest.raises(ValueError, match="got 2 for 1 samples"):
        exit_waves([_atoms(1)], GRID, 300.0, 0.2, CPU, absorption=[0.1, 0.1])


def _weights_differ(numbers: list[int]) -> bool:
    """A gold atom on the left scatters at least three times as much as a carbon atom on the right."""
    at = np.array([[0.7, 1.4, 0.0], [2.1, 1.4, 0.0]])
    wave = exit_waves([Atoms(positions_nm=at, numbers=np.array(numbers))], GRID, 300.0, 0.2, CPU)[0]
    phase = torch.angle(wave)
    return float(phase[:, :48].sum()) > 3 * float(phase[:, 48:].sum())


def test_bug_2_the_scattering_factor_of_the_last_element_for_all_is_seen() -> None:
    assert _weights_differ([79, 6])
    assert not _weights_differ([6, 6])


def _height_matters(flatten: float) -> bool:
    """Two columns of the same atoms, one of them deep below the other, give different waves."""
    at = np.array([[1.4, 1.4, 0.0], [1.4, 1.4, 3.0]]) * [1, 1, flatten]
    shallow = at * [1, 1, 0.1]
    waves = [
        exit_waves([Atoms(positions_nm=a, numbers=np.array([79, 79]))], GRID, 300.0, 0.2, CPU)[0] for a in (at, shallow)
    ]
    return float((waves[0] - waves[1]).abs().max()) > 0.05


def test_bug_3_all_atoms_in_the_first_slice_are_seen() -> None:
    assert _height_matters(1.0)
    assert not _height_matters(0.0)

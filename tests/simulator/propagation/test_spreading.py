"""Atoms on pixels: nothing is lost, the order does not matter, and the border is passed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simulator.propagation.spreading import UNIT, WINDOW, footprints, spread_atoms, window, window_transform

SIZE_PX = 32


def spread(at_px: torch.Tensor) -> torch.Tensor:
    """All atoms (2, m) on one plane, (n, n), in atoms."""
    atoms = at_px.shape[1]
    plane = torch.zeros(atoms, dtype=torch.int64)
    return spread_atoms(footprints(at_px, SIZE_PX), slice(0, atoms), plane, 1, (0, SIZE_PX), SIZE_PX)[0] / UNIT


def test_the_window_is_one_in_its_middle_and_ends_at_half_its_width() -> None:
    assert window(np.array([0.0, WINDOW / 2, 10.0])).tolist() == [1.0, 0.0, 0.0]
    assert (np.diff(window(np.linspace(0, WINDOW / 2, 50))) < 0).all()


def test_the_mean_frequency_of_the_window_is_its_area() -> None:
    fine = np.linspace(-WINDOW / 2, WINDOW / 2, 20001)
    area = np.trapezoid(window(fine), fine)
    assert float(window_transform(torch.zeros(1, dtype=torch.float64))) == pytest.approx(area, rel=1e-6)


def test_atoms_at_opposite_borders_are_neighbours() -> None:
    """An atom half a pixel beyond the last row lies as much on the first rows as on the last ones."""
    density = spread(torch.tensor([[SIZE_PX - 0.5], [10.0]], dtype=torch.float64))
    assert density[0].sum() == pytest.approx(float(density[-1].sum()), rel=1e-5)
    assert density[2:-3].sum() == 0


def test_a_sum_is_the_same_to_the_last_bit_in_any_order() -> None:
    at_px = torch.from_numpy(np.random.default_rng(1).uniform(0, SIZE_PX, (2, 200)))
    assert torch.equal(spread(at_px), spread(at_px.flip(1)))


def test_a_whole_shift_moves_the_picture() -> None:
    at_px = torch.tensor([[10.3], [12.6]], dtype=torch.float64)
    assert torch.equal(spread(at_px + 4), spread(at_px).roll((4, 4), (0, 1)))

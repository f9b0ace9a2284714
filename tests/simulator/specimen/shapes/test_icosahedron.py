"""Icosahedra: longer in their shells."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.specimen.elements import FCC
from simulator.specimen.particle import build
from tests.simulator.specimen.bonds import bonds, perfect


def radial_and_tangential(at_nm: NDArray[np.float64], neighbour_nm: float) -> float:
    arms, middle = bonds(at_nm, neighbour_nm)
    length = np.linalg.norm(arms, axis=1)
    along = np.abs((arms * middle).sum(1) / length / np.linalg.norm(middle, axis=1))
    return float(length[along < 0.2].mean() / length[along > 0.9].mean())


def test_an_icosahedron_is_five_percent_longer_in_its_shells() -> None:
    """Mackay: 1.0515. A crystal has no such strain, and neither has a decahedron."""
    neighbour_nm = FCC["Pt"].neighbour_nm
    assert radial_and_tangential(perfect("icosahedron", 4000), neighbour_nm) == pytest.approx(1.0515, abs=0.003)
    assert radial_and_tangential(perfect("cube", 4000), neighbour_nm) == pytest.approx(1, abs=0.003)
    built = build("icosahedron", "Pt", 6.0, np.random.default_rng(8)).positions_nm.astype(np.float64)
    assert radial_and_tangential(built, neighbour_nm) == pytest.approx(1.0515, abs=0.02)

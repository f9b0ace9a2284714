"""What all shapes are made with."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.specimen.elements import FCC
from simulator.specimen.shapes.sites import FACET_SCATTER, facet_scatter, fcc, radius_nm


def test_an_fcc_lattice_has_twelve_neighbours_and_four_sites_a_cell() -> None:
    at = fcc(0.4, 1.6)
    distance = np.linalg.norm(at, axis=1)
    assert np.isclose(distance, 0.4 / 2**0.5).sum() == 12
    inside = (np.abs(at) < 0.8 - 1e-9).all(1).sum() + 0.0
    # A cube of four cells from -0.8 to 0.8 nm holds 256 sites, less than half of its surface counted.
    assert 150 < inside < 256


def test_the_sphere_of_four_atoms_has_the_volume_of_a_cell() -> None:
    gold = FCC["Au"]
    assert 4 / 3 * np.pi * radius_nm(gold, 4) ** 3 == pytest.approx(gold.lattice_nm**3)


def test_facets_scatter_each_by_itself_and_not_too_far() -> None:
    factors = facet_scatter(1000, np.random.default_rng(1))
    assert np.abs(factors - 1).max() <= FACET_SCATTER
    assert factors.mean() == pytest.approx(1, abs=0.01)
    assert len(np.unique(factors)) == 1000

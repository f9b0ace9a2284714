"""Particles: structure, size, orientation. Numbers a person can check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.stats import ks_2samp

from simulator.specimen.elements import FCC
from simulator.specimen.particle import build, coordination
from simulator.specimen.shapes import SHAPES, Sites, sites
from tests.simulator.specimen.bonds import bonds

ORDERED = [shape for shape in SHAPES if shape != "amorphous"]
"""A ball without order has looser surface atoms than a crystal and loses more of them."""


@pytest.mark.parametrize("shape", ORDERED)
@pytest.mark.parametrize("diameter_nm", [4.0, 5.37])
def test_every_shape_has_the_size_that_was_asked(shape: str, diameter_nm: float) -> None:
    particle = build(shape, "Au", diameter_nm, np.random.default_rng(7))
    assert particle.diameter_nm == pytest.approx(diameter_nm, rel=0.03)
    assert np.abs(particle.positions_nm.mean(0)).max() < 1e-4


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_the_last_bits_of_a_growth_distance_choose_no_other_atoms(
    shape: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processors round otherwise, and symmetry makes sites of an icosahedron equal but for their rounding."""

    def rounded_otherwise(*arguments: Any) -> Sites:
        perfect = sites(*arguments)
        off = np.random.default_rng(9).uniform(-4e-16, 4e-16, len(perfect.growth_distance_nm))
        return replace(perfect, growth_distance_nm=perfect.growth_distance_nm * (1 + off))

    one = build(shape, "Au", 3.0 + seed, np.random.default_rng(seed))
    monkeypatch.setattr("simulator.specimen.particle.sites", rounded_otherwise)
    two = build(shape, "Au", 3.0 + seed, np.random.default_rng(seed))
    np.testing.assert_array_equal(one.positions_nm, two.positions_nm)


@pytest.mark.parametrize("shape", ORDERED)
def test_the_inside_is_close_packed(shape: str) -> None:
    """Twelve neighbours at about a / sqrt 2, nobody nearer than 0.75 of that, in every shape and grain."""
    particle = build(shape, "Au", 5.0, np.random.default_rng(3))
    neighbour_nm = FCC["Au"].neighbour_nm
    assert neighbour_nm == pytest.approx(0.2884, abs=1e-4)
    bonds = coordination(particle.positions_nm.astype(np.float64), neighbour_nm)
    assert (bonds == 12).mean() > 0.6
    assert (bonds > 12).mean() < 0.01
    nearest = cKDTree(particle.positions_nm).query(particle.positions_nm, k=2)[0][:, 1]
    assert nearest.min() > 0.72 * neighbour_nm
    assert nearest.mean() == pytest.approx(0.94 * neighbour_nm, rel=0.04)


def test_sizes_are_continuous_and_independent_of_the_shape() -> None:
    """The same uniform sizes are asked of every shape: what comes is as uniform, and missing atoms cost 0.1 nm."""
    wanted = np.random.default_rng(1).uniform(2, 2.8, 40)
    for shape in ORDERED:
        built = np.array([build(shape, "Au", d, np.random.default_rng(n)).diameter_nm for n, d in enumerate(wanted)])
        assert ks_2samp(built, wanted).pvalue > 0.1, shape
        assert len(np.unique(built)) > 25, shape
        assert np.abs(built - wanted).max() < 0.2, shape


@pytest.mark.parametrize("element", sorted(FCC))
def test_every_metal_has_its_neighbour_distance(element: str) -> None:
    particle = build("truncated_octahedron", element, 3.0, np.random.default_rng(2))
    neighbour_nm = FCC[element].lattice_nm / 2**0.5
    length = np.linalg.norm(bonds(particle.positions_nm.astype(np.float64), neighbour_nm)[0], axis=1)
    assert length.mean() == pytest.approx(neighbour_nm, rel=0.015)
    assert particle.atomic_number == FCC[element].atomic_number

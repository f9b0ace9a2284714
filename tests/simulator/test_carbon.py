"""The shipped carbon is amorphous carbon: against the literature and the published tight-binding block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.carbon import Block, blocks, film
from simulator.structure import bond_angles_deg, coordination_shares, density_g_per_cm3, pair_distribution

PUBLISHED = Path(__file__).parents[2].parent / "shared" / "data" / "carbon" / "tight_binding_5nm_block.csv"


@pytest.mark.parametrize("block", blocks(), ids=lambda b: f"{len(b.positions_nm)} atoms")
def test_density_bonds_and_distances_are_those_of_amorphous_carbon(block: Block) -> None:
    assert 2.0 <= density_g_per_cm3(len(block.positions_nm), block.side_nm) <= 2.3
    assert coordination_shares(block.positions_nm, block.side_nm)[3] >= 0.85
    r_nm, g = pair_distribution(block.positions_nm, block.side_nm)
    first, second = (
        r_nm[np.argmax(np.where(r_nm < 0.18, g, 0))],
        r_nm[np.argmax(np.where((r_nm > 0.2) & (r_nm < 0.3), g, 0))],
    )
    assert first == pytest.approx(0.142, abs=0.003)
    assert second == pytest.approx(0.250, abs=0.006)
    angles = bond_angles_deg(block.positions_nm, block.side_nm)
    assert 115 < angles.mean() < 121


def test_no_two_blocks_are_the_same() -> None:
    assert len(blocks()) == 4
    assert len({float(b.positions_nm.sum()) for b in blocks()}) == 4


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published block is not part of the repository")
def test_the_published_block_measures_alike() -> None:
    rows = np.genfromtxt(PUBLISHED, delimiter=",", skip_header=0)
    at_nm = rows[np.isfinite(rows).all(1)][:, :3] / 10
    theirs = coordination_shares(at_nm, 5.0)
    assert theirs[3] == pytest.approx(0.907, abs=0.01)
    for block in blocks():
        ours = coordination_shares(block.positions_nm, block.side_nm)
        assert np.abs(ours - theirs).max() < 0.05
        assert abs(bond_angles_deg(block.positions_nm, block.side_nm).mean() - bond_angles_deg(at_nm, 5.0).mean()) < 2


def test_a_film_has_its_thickness_and_density() -> None:
    atoms = film(3.0, 8.0, np.random.default_rng(4))
    assert atoms[:, :2].min() >= 0
    assert atoms[:, :2].max() < 8.0
    assert np.quantile(atoms[:, 2], 0.99) - np.quantile(atoms[:, 2], 0.01) == pytest.approx(3.0, abs=0.3)
    carbon_g = 12.011 / 6.02214076e23
    assert len(atoms) * carbon_g / (64 * 3 * 1e-21) == pytest.approx(2.2, abs=0.12)


def test_the_same_chance_makes_the_same_film() -> None:
    one, two, other = (film(2.0, 4.0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_a_film_of_no_thickness_is_refused() -> None:
    with pytest.raises(ValueError, match="positive thickness"):
        film(0.0, 4.0, np.random.default_rng(1))

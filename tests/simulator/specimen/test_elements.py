"""Ten fcc metals: what follows from their lattice constants, against numbers that are known otherwise."""

from __future__ import annotations

import pytest

from simulator.propagation.scattering_factors import TABLE
from simulator.specimen.elements import FCC, Element


def test_gold_has_its_neighbours_at_0_288_nm_and_its_density() -> None:
    gold = FCC["Au"]
    assert gold.neighbour_nm == pytest.approx(0.2884, abs=1e-4)
    grams = 196.967 / 6.02214076e23
    assert grams / (gold.atom_nm3 * 1e-21) == pytest.approx(19.3, abs=0.1)


@pytest.mark.parametrize("element", FCC.values(), ids=FCC.keys())
def test_every_metal_scatters_and_trembles_by_less_than_a_tenth_of_a_bond(element: Element) -> None:
    assert element.atomic_number in TABLE
    assert 0.003 < element.displacement_nm < 0.1 * element.neighbour_nm

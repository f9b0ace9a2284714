"""Single crystals: facets, rods and plates."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.specimen.elements import FCC
from simulator.specimen.particle import build
from simulator.specimen.shapes import sites


@pytest.mark.parametrize(("shape", "longest"), [("rod", (1.3, 2.3)), ("plate", (1.2, 2.9))])
def test_a_rod_is_long_and_a_plate_is_flat(shape: str, longest: tuple[float, float]) -> None:
    """Roots of the principal second moments: a rod has one that is larger, a plate one that is smaller."""
    for seed in range(5):
        particle = build(shape, "Au", 5.0, np.random.default_rng(seed))
        low, middle, high = np.sqrt(np.linalg.eigvalsh(np.cov(particle.positions_nm.T)))
        assert longest[0] < high / low < longest[1]
        assert (high / middle > middle / low) == (shape == "rod")


def test_a_rhombic_dodecahedron_has_twelve_110_facets() -> None:
    """Facets at distance d: corners along <100> at d sqrt 2, along <111> at d sqrt(3/2), a volume of 4 sqrt(2) d^3."""
    found = sites("rhombic_dodecahedron", FCC["Au"], 6000, np.random.default_rng(2))
    at_nm = found.positions_nm[np.argsort(found.growth_distance_nm)[:6000]]
    at_nm -= at_nm.mean(0)
    distance_nm = (6000 * FCC["Au"].atom_nm3 / (4 * 2**0.5)) ** (1 / 3)
    reach = {
        "100": np.abs(at_nm).max(0).mean(),
        "110": np.mean([np.abs(at_nm @ n).max() for n in _directions(2)]),
        "111": np.mean([np.abs(at_nm @ n).max() for n in _directions(3)]),
    }
    assert reach["110"] == pytest.approx(distance_nm, rel=0.08)
    assert reach["100"] == pytest.approx(2**0.5 * distance_nm, rel=0.08)
    assert reach["111"] == pytest.approx(1.5**0.5 * distance_nm, rel=0.08)


def _directions(length2: int) -> NDArray[np.float64]:
    """Unit vectors along <100>, <110> or <111>, both ways: those whose numbers have a square sum of 1, 2 or 3."""
    every = np.stack(np.meshgrid(*[np.arange(-1, 2)] * 3), -1).reshape(-1, 3)
    return every[(every**2).sum(1) == length2] / length2**0.5

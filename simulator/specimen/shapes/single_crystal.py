"""Single crystals: polyhedra of {111}, {100} and {110} facets, and a sphere, a rod and a plate of one lattice."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from simulator.specimen.elements import Element
from simulator.specimen.orientation import cubic_axes
from simulator.specimen.shapes.sites import Sites, Vectors, facet_scatter, fcc, radius_nm

RATIO_100_TO_111 = {
    "cube": (0.577, 0.66),
    "cuboctahedron": (0.85, 0.89),
    "truncated_octahedron": (1.00, 1.30),
    "octahedron": (1.50, 1.732),
}
"""d100 / d111: ranges of the distance of the {100} facets over that of the {111} facets. The gap between the last two
keeps them apart."""
SINGLE_CRYSTALS = (*RATIO_100_TO_111, "tetrahedron", "rhombic_dodecahedron", "sphere", "rod", "plate")
BLUNT_TETRAHEDRON = (2.4, 3.0)
"""Distance of a tetrahedron's four corner facets over that of its faces; at 3 the corners are sharp."""
ROD_LENGTH_TO_DIAMETER = (1.4, 2.2)
PLATE_WIDTH_TO_THICKNESS = (1.6, 2.6)


def single_crystal(shape: str, element: Element, atoms: int, rng: np.random.Generator) -> Sites:
    """Sites of one of `SINGLE_CRYSTALS`; the lattice lies anywhere within the shape.

    Raises:
        KeyError: the shape is no single crystal.
    """
    # A cube of lattice around the particle: a tetrahedron's corners reach farthest.
    reach_nm = radius_nm(element, atoms) * (2.6 if shape == "tetrahedron" else 1.9)
    at = fcc(element.lattice_nm, reach_nm) + rng.uniform(-0.5, 0.5, 3) * element.lattice_nm
    if shape in ROUND_SHAPES:
        return Sites(positions_nm=at, growth_distance_nm=ROUND_SHAPES[shape](at, rng), axes=cubic_axes())
    # Polyhedra: unit normals of the facets and their relative distances.
    eight = np.array(list(product((-1, 1), repeat=3))) / 3**0.5
    six = np.vstack([np.eye(3), -np.eye(3)])
    if shape == "tetrahedron":
        normals = eight[[0, 3, 5, 6]]
        blunt = np.full(4, rng.uniform(*BLUNT_TETRAHEDRON))
        normals, distances = np.vstack([normals, -normals]), np.r_[np.ones(4), blunt]
    elif shape == "rhombic_dodecahedron":
        normals = _face_diagonals()
        distances = np.ones(12)
    else:
        normals = np.vstack([eight, six])
        distances = np.r_[np.ones(8), np.full(6, rng.uniform(*RATIO_100_TO_111[shape]))]
    # A site is taken in when the last facet between it and the centre has moved past it.
    growth = (at @ normals.T / (distances * facet_scatter(len(distances), rng))).max(1)
    return Sites(positions_nm=at, growth_distance_nm=growth, axes=cubic_axes())


def _face_diagonals() -> Vectors:
    """The twelve <110> directions, (12, 3)."""
    every = np.array(list(product((-1, 0, 1), repeat=3)))
    return np.asarray(every[np.abs(every).sum(1) == 2] / 2**0.5)


def _sphere(at_nm: Vectors, rng: np.random.Generator) -> Vectors:
    """Distance (n,) from the centre of sites (n, 3)."""
    return np.asarray(np.linalg.norm(at_nm, axis=1))


def _rod(at_nm: Vectors, rng: np.random.Generator) -> Vectors:
    """A cylinder along a random low-index direction: growth distances (n,) of sites (n, 3)."""
    axis = cubic_axes()[int(rng.integers(len(cubic_axes())))]
    along_nm = np.abs(at_nm @ axis)
    across_nm = np.linalg.norm(at_nm - np.outer(at_nm @ axis, axis), axis=1)
    return np.asarray(np.maximum(across_nm, along_nm / rng.uniform(*ROD_LENGTH_TO_DIAMETER)))


def _plate(at_nm: Vectors, rng: np.random.Generator) -> Vectors:
    """A hexagon on {111} with {112} sides: growth distances (n,) of sites (n, 3)."""
    sides = np.array([[1, 1, -2], [1, -2, 1], [-2, 1, 1]]) / 6**0.5
    normals = np.vstack([np.ones(3) / 3**0.5, sides / rng.uniform(*PLATE_WIDTH_TO_THICKNESS)])
    distances = np.abs(at_nm @ normals.T)
    return np.asarray((distances / facet_scatter(4, rng)).max(1))


ROUND_SHAPES: dict[str, Callable[[Vectors, np.random.Generator], Vectors]] = {
    "sphere": _sphere,
    "rod": _rod,
    "plate": _plate,
}
"""Shapes that are not bounded by low-index facets alone."""

"""A ball without a lattice."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from simulator.specimen.elements import Element
from simulator.specimen.shapes.sites import Sites, radius_nm

DENSITY = 0.9
"""Of the crystal's."""
LEAST_APART = 0.83
"""Distance of two atoms without order, over the crystal's nearest neighbours'."""
MOST_STEPS = 60


def amorphous(element: Element, atoms: int, rng: np.random.Generator) -> Sites:
    """A ball without order: atoms at random places, then pushed apart until few are too near."""
    # Uniform in the ball: a random direction, and the cube root of a uniform number for the radius.
    ball_nm = radius_nm(element, atoms) / DENSITY ** (1 / 3)
    at = rng.normal(size=(atoms, 3))
    at *= ball_nm * rng.random((atoms, 1)) ** (1 / 3) / np.linalg.norm(at, axis=1, keepdims=True)
    least_nm = LEAST_APART * element.neighbour_nm
    for _ in range(MOST_STEPS):
        pairs = cKDTree(at).query_pairs(least_nm, output_type="ndarray")
        if not len(pairs):
            break
        # Both atoms of a pair go half the way that is wanting; who leaves the ball is put back on its surface.
        apart = at[pairs[:, 0]] - at[pairs[:, 1]]
        length = np.linalg.norm(apart, axis=1, keepdims=True)
        push = apart / np.maximum(length, 1e-6) * (least_nm - length) * 0.5
        np.add.at(at, pairs[:, 0], push)
        np.add.at(at, pairs[:, 1], -push)
        at /= np.maximum(np.linalg.norm(at, axis=1, keepdims=True) / ball_nm, 1)
    return Sites(positions_nm=at, growth_distance_nm=np.linalg.norm(at, axis=1), axes=np.empty((0, 3)))

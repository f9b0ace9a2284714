"""The icosahedron of Mackay: twenty tetrahedral grains about a common corner."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from simulator.specimen.elements import Element
from simulator.specimen.shapes.sites import Sites, facet_scatter


def icosahedron(element: Element, atoms: int, rng: np.random.Generator) -> Sites:
    """Mackay's shells (Acta Cryst. 15 (1962) 916): atoms in a shell are 5.15 % farther apart than between shells."""
    # The twelve corners at distance one, and the twenty faces as triples of neighbouring corners.
    golden = (1 + 5**0.5) / 2
    corners = np.array([np.roll([0, a, b * golden], k) for k in range(3) for a in (-1, 1) for b in (-1, 1)])
    corners /= np.linalg.norm(corners[0])
    edge = np.min([np.linalg.norm(a - b) for a, b in combinations(corners, 2)])
    faces = [
        f
        for f in combinations(range(12), 3)
        if max(np.linalg.norm(corners[a] - corners[b]) for a, b in combinations(f, 2)) < 1.01 * edge
    ]
    # Of every shell all sites of every face; edges and corners belong to several faces and are taken once.
    spacing_nm = element.neighbour_nm / edge ** (2 / 3)
    shells = 2 + int(np.ceil(1.15 * (3 * atoms / 10) ** (1 / 3)))
    weights = np.array([(n - j - k, j, k) for n in range(shells + 1) for j in range(n + 1) for k in range(n + 1 - j)])
    at = np.vstack([weights @ corners[list(face)] for face in faces])
    _, first = np.unique(np.round(at, 6), axis=0, return_index=True)
    at = at[first] * spacing_nm
    # Twenty facets.
    normals = np.array([corners[list(f)].sum(0) for f in faces])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    growth = (at @ normals.T / facet_scatter(20, rng)).max(1)
    # Low-index directions of the grains: towards corners, faces and the middles of edges.
    middles = np.array(
        [
            corners[a] + corners[b]
            for a, b in combinations(range(12), 2)
            if np.linalg.norm(corners[a] - corners[b]) < 1.01 * edge
        ]
    )
    axes = np.vstack([corners, normals, middles / np.linalg.norm(middles, axis=1, keepdims=True)])
    return Sites(positions_nm=at, growth_distance_nm=growth, axes=axes)

"""Candidates for the atoms of a particle, and what all shapes are made with: the fcc lattice and uneven facets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.specimen.elements import Element

Vectors = NDArray[np.float64]
"""(n, 3) or (n,)."""

FACET_SCATTER = 0.05
"""Largest relative change of a facet's distance, either way: real particles are not even."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sites:
    """Candidates for atoms of a perfect particle."""

    positions_nm: Vectors
    """(n, 3): x, y, z about the particle's centre, in the shape's own frame."""
    growth_distance_nm: Vectors
    """(n,): how far the outline must have grown to take a site in: distance of a facet of relative distance 1."""
    axes: Vectors
    """(m, 3): unit vectors along low-index directions of every grain; none of what has no lattice."""


def fcc(lattice_nm: float, reach_nm: float) -> Vectors:
    """All sites (n, 3) of an fcc lattice within a cube of half side `reach_nm`, one site at the origin."""
    cells = int(np.ceil(reach_nm / lattice_nm))
    # In half cell edges, fcc sites are those whose three coordinates have an even sum.
    steps = np.arange(-2 * cells, 2 * cells + 1)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    return np.asarray(grid[grid.sum(1) % 2 == 0] * lattice_nm / 2)


def radius_nm(element: Element, atoms: int) -> float:
    """Radius of the sphere that has the volume of so many atoms."""
    return float((3 * atoms * element.atom_nm3 / (4 * np.pi)) ** (1 / 3))


def facet_scatter(count: int, rng: np.random.Generator) -> Vectors:
    """(count,): factors about one, one per facet."""
    return np.asarray(1 + rng.uniform(-FACET_SCATTER, FACET_SCATTER, count))

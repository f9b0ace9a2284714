"""Shape, element and size to the atoms of one real-looking particle, randomly oriented."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulator.specimen.elements import FCC, Element
from simulator.specimen.orientation import angle_to_axes_deg, matrix, product, random_quaternion
from simulator.specimen.shapes import sites

STRAIN = 0.015
"""Largest homogeneous strain along each of three random axes."""
LOW_COORDINATION = 6
"""Surface atoms with at most so many neighbours may be missing."""
LARGEST_LOSS = 0.6
"""Largest share of them that is missing."""
ROUNDING = 0.10
"""Largest weight of a sphere in the outline: corners of real particles are blunt."""

SAME_GROWTH_NM = 1e-9
"""Far above what rounding does to a growth distance, far below what tells two sites apart."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Particle:
    """Atoms of one particle and its truth."""

    positions_nm: NDArray[np.float32]
    """(n, 3): x, y, z about the centre of mass; the beam runs along +z."""
    atomic_number: int
    """Of every atom."""
    shape: str
    """One of `simulator.specimen.shapes.SHAPES`."""
    element: str
    """Symbol."""
    diameter_nm: float
    """Of the sphere of the same volume as the atoms have."""
    quaternion: NDArray[np.float64]
    """(w, x, y, z) of the rotation from the shape's own frame."""
    zone_angle_deg: float
    """Between the beam and the nearest low-index axis of any grain."""
    strain: NDArray[np.float64]
    """(3, 3), symmetric, of the whole particle in its shape's own frame, before the rotation."""
    axes: NDArray[np.float64]
    """(m, 3), low-index directions of every grain in the shape's own frame."""


def build(shape: str, element: str, diameter_nm: float, rng: np.random.Generator) -> Particle:
    """One particle with uneven facets, strain, missing surface atoms and thermal displacements.

    Raises:
        ValueError: unknown shape or element, or a diameter under 1 nm.
    """
    if element not in FCC:
        raise ValueError(f"no fcc metal {element!r}; there are {', '.join(FCC)}")
    if not diameter_nm >= 1:
        raise ValueError(f"diameter_nm must be at least 1, got {diameter_nm}")
    metal = FCC[element]
    # Sites that the outline reaches first as it grows; a share of a sphere in it blunts the corners.
    atoms = round(np.pi / 6 * diameter_nm**3 / metal.atom_nm3)
    perfect = sites(shape, metal, atoms, rng)
    round_part = rng.uniform(0, ROUNDING)
    distance_nm = np.linalg.norm(perfect.positions_nm, axis=1)
    growth_nm = (1 - round_part) * perfect.growth_distance_nm + round_part * distance_nm
    chosen = _smallest(growth_nm, atoms)
    left = _without_loose_atoms(perfect.positions_nm[chosen], growth_nm[chosen], metal, rng)
    # Strain in the shape's own frame, then the rotation, then thermal displacements.
    quaternion = random_quaternion(rng)
    rotation = matrix(quaternion)
    stretch = _stretch(rng)
    strained = left @ stretch
    shaken = strained @ rotation.T + rng.normal(0, metal.displacement_nm, left.shape)
    return Particle(
        positions_nm=np.asarray(shaken - shaken.mean(0), dtype=np.float32),
        atomic_number=metal.atomic_number,
        shape=shape,
        element=element,
        diameter_nm=float((6 / np.pi * len(left) * metal.atom_nm3) ** (1 / 3)),
        quaternion=quaternion,
        zone_angle_deg=angle_to_axes_deg(perfect.axes, rotation),
        strain=stretch - np.eye(3),
        axes=perfect.axes,
    )


def _smallest(growth_nm: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Indices (count,) of the smallest, in rising order; of those that are equal within `SAME_GROWTH_NM`, the first.

    The order says which atom is displaced how far and which is missing. That of `np.argpartition` is another one on
    every kind of processor, and sites that symmetry makes equal differ by nothing but their rounding.
    """
    steps = np.rint(growth_nm / SAME_GROWTH_NM)
    last = np.partition(steps, count - 1)[count - 1]
    equal = np.flatnonzero(steps == last)[: count - np.count_nonzero(steps < last)]
    return np.sort(np.concatenate([np.flatnonzero(steps < last), equal]))


def turned(particle: Particle, quaternion: NDArray[np.float64]) -> Particle:
    """The same atoms after one more rotation about the centre of mass."""
    after = product(quaternion, particle.quaternion)
    return replace(
        particle,
        positions_nm=np.asarray(particle.positions_nm @ matrix(quaternion).T, dtype=np.float32),
        quaternion=after,
        zone_angle_deg=angle_to_axes_deg(particle.axes, matrix(after)),
    )


def coordination(
    positions_nm: NDArray[np.float64], neighbour_nm: float, asked: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Neighbours of the atoms that are asked for (all by default) within 1.2 nearest-neighbour distances, (m,)."""
    tree = cKDTree(positions_nm, balanced_tree=False, compact_nodes=False)
    at = positions_nm if asked is None else positions_nm[asked]
    return np.asarray(tree.query_ball_point(at, 1.2 * neighbour_nm, return_length=True) - 1, dtype=np.int64)


def _without_loose_atoms(
    positions_nm: NDArray[np.float64], growth_nm: NDArray[np.float64], metal: Element, rng: np.random.Generator
) -> NDArray[np.float64]:
    """What is left (m, 3) of atoms (n, 3) when some of the weakly bound ones at the surface are gone."""
    # An atom of the inner half of the outline has all its neighbours.
    outer = growth_nm > 0.5 * growth_nm.max()
    few = coordination(positions_nm, metal.neighbour_nm, outer) <= LOW_COORDINATION
    loose = np.flatnonzero(outer)[few]
    gone = loose[rng.random(len(loose)) < rng.uniform(0, LARGEST_LOSS)]
    return np.asarray(np.delete(positions_nm, gone, axis=0))


def _stretch(rng: np.random.Generator) -> NDArray[np.float64]:
    """One plus a random symmetric strain, (3, 3)."""
    axes = matrix(random_quaternion(rng))
    return np.asarray(np.eye(3) + axes @ np.diag(rng.uniform(-STRAIN, STRAIN, 3)) @ axes.T)

"""Particles by ASE: shape, element and size to atoms in a random orientation. All lengths in nm, the beam along z.

Nothing of `simulator` is used. A particle of n atoms is what half-spaces leave of an fcc lattice, or of ASE's closed
icosahedron or decahedron, taken layer by layer; the last layer ends at a straight step, so that the size is continuous.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from ase.build import bulk
from ase.cluster import Decahedron, Icosahedron
from ase.data import atomic_masses, atomic_numbers
from numpy.typing import NDArray
from scipy import constants
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

Vectors = NDArray[np.float64]

CLASSES = ("cube", "octahedron", "truncated_octahedron", "decahedron", "icosahedron")
RATIO_100_TO_111 = {"cube": (0.577, 0.66), "truncated_octahedron": (1.0, 1.3), "octahedron": (1.5, 1.732)}
LATTICE_NM = {"Au": 0.4078, "Pt": 0.3924, "Pd": 0.3890, "Ag": 0.4085}
DEBYE_K = {"Au": 165.0, "Pt": 240.0, "Pd": 274.0, "Ag": 225.0}
"""C. Kittel, *Introduction to Solid State Physics*, ch. 5."""
ROOM_K = 295.0
FACET_SCATTER = 0.05
STRAIN = 0.015
LOOSE = {7: 0.4, 6: 0.7}
"""Weight of the loss of a surface atom by its neighbours; 1 for fewer than six."""
LARGEST_LOSS = 0.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solid:
    """One particle."""

    positions_nm: Vectors
    """(n, 3): x, y, z about the centre of mass."""
    shape: str
    element: str
    diameter_nm: float
    """Of the sphere with the volume of as many atoms of the bulk."""
    zone_deg: float
    """Between the beam and the nearest low-index direction of any grain."""


def solid(shape: str, element: str, diameter_nm: float, rng: np.random.Generator) -> Solid:
    """A particle with uneven facets, strain, missing surface atoms and thermal displacement.

    Raises:
        ValueError: unknown shape or element.
    """
    if shape not in CLASSES or element not in LATTICE_NM:
        raise ValueError(f"no {element} {shape}; there are {', '.join(LATTICE_NM)} and {', '.join(CLASSES)}")
    atom_nm3 = LATTICE_NM[element] ** 3 / 4
    count = round(np.pi / 6 * diameter_nm**3 / atom_nm3)
    made = {"icosahedron": _icosahedron, "decahedron": _decahedron}.get(shape)
    perfect, axes = made(element, count, rng) if made else _single_crystal(shape, element, count, rng)
    kept = _weathered(perfect, LATTICE_NM[element] / 2**0.5, rng)
    principal = Rotation.random(rng=rng).as_matrix()
    strained = kept @ (np.eye(3) + principal @ np.diag(rng.uniform(-STRAIN, STRAIN, 3)) @ principal.T)
    turn = Rotation.random(rng=rng)
    shaken = turn.apply(strained) + rng.normal(0, displacement_nm(element), strained.shape)
    along = np.abs(turn.apply(axes)[:, 2]) / np.linalg.norm(axes, axis=1)
    return Solid(
        positions_nm=shaken - shaken.mean(0),
        shape=shape,
        element=element,
        diameter_nm=float((6 / np.pi * len(kept) * atom_nm3) ** (1 / 3)),
        zone_deg=float(np.degrees(np.arccos(min(1.0, along.max())))),
    )


def displacement_nm(element: str) -> float:
    """Root mean square along one axis: <u^2> = 3 hbar^2 T / (m k Theta^2), Debye's model above its temperature."""
    mass_kg = atomic_masses[atomic_numbers[element]] * constants.atomic_mass
    square_m2 = 3 * constants.hbar**2 * ROOM_K / (mass_kg * constants.k * DEBYE_K[element] ** 2)
    return float(1e9 * np.sqrt(square_m2))


def outermost_off(
    at_nm: Vectors, normals: Vectors, distances: Vectors, count: int, rng: np.random.Generator
) -> Vectors:
    """The `count` atoms that a growing polyhedron of unit normals (m, 3) and distances (m,) reaches first."""
    layer = np.round((at_nm @ normals.T / distances).max(1), 6)
    step = at_nm @ rng.standard_normal(3)
    if len(at_nm) < count:
        raise ValueError(f"{len(at_nm)} atoms do not hold a particle of {count}")
    return np.asarray(at_nm[np.lexsort((step, layer))[:count]])


def _scattered(distances: Vectors, rng: np.random.Generator) -> Vectors:
    return np.asarray(distances * (1 + rng.uniform(-FACET_SCATTER, FACET_SCATTER, len(distances))))


def _cubic_axes(first: Vectors, second: Vectors, third: Vectors) -> Vectors:
    """(13, 3): <100>, <110>, <111> of a cubic frame, one of each opposite pair."""
    steps = np.array([s for s in product((-1, 0, 1), repeat=3) if s > (0, 0, 0)], dtype=np.float64)
    return np.asarray(steps @ np.stack([first, second, third]))


def _single_crystal(shape: str, element: str, count: int, rng: np.random.Generator) -> tuple[Vectors, Vectors]:
    lattice_nm = LATTICE_NM[element]
    cells = int(np.ceil(2.6 * count ** (1 / 3) / 4 ** (1 / 3))) + 2
    block = bulk(element, "fcc", a=lattice_nm, cubic=True).repeat(cells).positions
    at_nm = block - block.mean(0) + rng.uniform(-0.5, 0.5, 3) * lattice_nm
    hexagonal = np.array(list(product((-1, 1), repeat=3))) / 3**0.5
    square = np.concatenate([np.eye(3), -np.eye(3)])
    ratio = rng.uniform(*RATIO_100_TO_111[shape])
    distances = _scattered(np.r_[np.ones(8), np.full(6, ratio)], rng)
    return outermost_off(at_nm, np.concatenate([hexagonal, square]), distances, count, rng), _cubic_axes(*np.eye(3))


def _icosahedron(element: str, count: int, rng: np.random.Generator) -> tuple[Vectors, Vectors]:
    shells = int(np.ceil(1.12 * (0.3 * count) ** (1 / 3))) + 2
    # ASE keeps bonds between shells at the bulk's length and those within at 1.0515 of it; half of the bonds are such.
    at_nm = Icosahedron(element, shells, LATTICE_NM[element]).positions / 1.0257
    golden = (1 + 5**0.5) / 2
    corners = np.array([np.roll((0, a, b * golden), k) for k in range(3) for a in (-1, 1) for b in (-1, 1)])
    edges = np.array([a + b for a, b in combinations(corners, 2) if np.linalg.norm(a - b) < 2.1])
    faces = np.array(
        [sum(f) for f in combinations(corners, 3) if max(np.linalg.norm(a - b) for a, b in combinations(f, 2)) < 2.1]
    )
    normals = faces / np.linalg.norm(faces, axis=1, keepdims=True)
    cut = outermost_off(at_nm, normals, _scattered(np.ones(20), rng), count, rng)
    return cut, np.concatenate([corners, faces, edges])


def _decahedron(element: str, count: int, rng: np.random.Generator) -> tuple[Vectors, Vectors]:
    """From a flat bipyramid to a long Ino decahedron, with re-entrant grooves at the twin planes or without."""
    aspect, groove = rng.uniform(0.1, 1.1), int(rng.integers(0, 3))
    width = 3
    while len(at := Decahedron(element, width, 1 + round(aspect * width), groove, LATTICE_NM[element])) < 1.05 * count:
        width += 1
    outward = np.radians(90 + 36 + 72 * np.arange(5))
    side = np.stack([np.cos(outward), np.sin(outward), np.zeros(5)], 1)
    axis = np.array([0.0, 0.0, 1.0])
    caps = np.concatenate([side / 3**0.5 + s * (2 / 3) ** 0.5 * axis for s in (-1, 1)])
    normals = np.concatenate([side, caps])
    reach = (at.positions @ normals.T).max(0)
    cut = outermost_off(at.positions, normals, _scattered(reach, rng), count, rng)
    across = np.cross(axis, side)
    axes = [_cubic_axes(s, (axis + a) / 2**0.5, (axis - a) / 2**0.5) for s, a in zip(side, across, strict=True)]
    return cut, np.concatenate(axes)


def _weathered(at_nm: Vectors, neighbour_nm: float, rng: np.random.Generator) -> Vectors:
    neighbours = cKDTree(at_nm).query_ball_point(at_nm, 1.2 * neighbour_nm, return_length=True) - 1
    weight = np.array([1.0] * 6 + [LOOSE[6], LOOSE[7]] + [0.0] * 20)[neighbours]
    return np.asarray(at_nm[rng.random(len(at_nm)) >= rng.uniform(0, LARGEST_LOSS) * weight])

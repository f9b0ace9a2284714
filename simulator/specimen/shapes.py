"""Perfect particles as sites and a gauge: the number by which the outline must grow to take a site in.

A particle of n atoms is the n sites of the smallest gauge. So the size is continuous and has nothing to do with the
shape, and the last layer is as incomplete as it happens to be. Facet distances scatter, each by itself.
Shapes: L. D. Marks and L. Peng, J. Phys. Condens. Matter 28 (2016) 053001.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulator.specimen.elements import Element
from simulator.specimen.orientation import cubic_axes

Vectors = NDArray[np.float64]

RATIO_100_TO_111 = {
    "cube": (0.577, 0.66),
    "cuboctahedron": (0.85, 0.89),
    "truncated_octahedron": (1.00, 1.30),
    "octahedron": (1.50, 1.732),
}
"""d100 / d111 of the single crystals. The gap between the last two keeps them apart."""
SINGLE_CRYSTALS = (*RATIO_100_TO_111, "tetrahedron", "rhombic_dodecahedron", "sphere", "rod", "plate")
SHAPES = (*SINGLE_CRYSTALS, "decahedron", "icosahedron", "amorphous")
FACET_SCATTER = 0.05
CAP = (0.4, 1.2)
"""Distance of a decahedron's {111} caps over that of its {100} sides. At 0.577 the sides vanish, below 0.5 most
re-entrant facets as well: what is left is a pentagonal bipyramid, whose height is 0.61 of its mean width, the least."""
ROD = (1.4, 2.2)
"""Length over diameter."""
PLATE = (1.6, 2.6)
"""Width over thickness."""
AMORPHOUS_DENSITY = 0.9
"""Of the crystal's."""
LEAST_APART = 0.83
"""Distance of two atoms without order, over the crystal's nearest neighbours'."""
POISSON = 0.4
"""Poisson's ratio of the noble metals: 0.37 (Ag) to 0.42 (Au)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sites:
    """Candidates for atoms of a perfect particle."""

    positions_nm: Vectors
    """(n, 3), about the particle's centre."""
    gauge: Vectors
    """(n,)."""
    axes: Vectors
    """(m, 3), low-index directions of every grain; none of what has no lattice."""


def sites(shape: str, element: Element, atoms: int, rng: np.random.Generator) -> Sites:
    """Sites for at least `atoms` atoms of a shape, in its own frame.

    Raises:
        ValueError: the shape is not one of `SHAPES`.
    """
    if shape in SINGLE_CRYSTALS:
        return _single_crystal(shape, element, atoms, rng)
    if shape == "decahedron":
        return _decahedron(element, atoms, rng)
    if shape == "icosahedron":
        return _icosahedron(element, atoms, rng)
    if shape == "amorphous":
        return _amorphous(element, atoms, rng)
    raise ValueError(f"no shape {shape!r}; there are {', '.join(SHAPES)}")


def fcc(lattice_nm: float, reach_nm: float) -> Vectors:
    """All sites of an fcc lattice within a cube of half side `reach_nm`, one site at the origin."""
    cells = int(np.ceil(reach_nm / lattice_nm))
    steps = np.arange(-2 * cells, 2 * cells + 1)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    return np.asarray(grid[grid.sum(1) % 2 == 0] * lattice_nm / 2)


def _radius_nm(element: Element, atoms: int) -> float:
    return float((3 * atoms * element.atom_nm3 / (4 * np.pi)) ** (1 / 3))


def _scatter(count: int, rng: np.random.Generator) -> Vectors:
    return np.asarray(1 + rng.uniform(-FACET_SCATTER, FACET_SCATTER, count))


def _single_crystal(shape: str, element: Element, atoms: int, rng: np.random.Generator) -> Sites:
    reach_nm = _radius_nm(element, atoms) * (2.6 if shape == "tetrahedron" else 1.9)
    at = fcc(element.lattice_nm, reach_nm) + rng.uniform(-0.5, 0.5, 3) * element.lattice_nm
    if shape in ("sphere", "rod", "plate"):
        return Sites(positions_nm=at, gauge=_GAUGES[shape](at, rng), axes=cubic_axes())
    eight = np.array(list(product((-1, 1), repeat=3))) / 3**0.5
    six = np.vstack([np.eye(3), -np.eye(3)])
    if shape == "tetrahedron":
        normals = eight[[0, 3, 5, 6]]
        normals, distances = np.vstack([normals, -normals]), np.r_[np.ones(4), np.full(4, rng.uniform(2.4, 3.0))]
    elif shape == "rhombic_dodecahedron":
        normals = _face_diagonals()
        distances = np.ones(12)
    else:
        normals = np.vstack([eight, six])
        distances = np.r_[np.ones(8), np.full(6, rng.uniform(*RATIO_100_TO_111[shape]))]
    gauge = (at @ normals.T / (distances * _scatter(len(distances), rng))).max(1)
    return Sites(positions_nm=at, gauge=gauge, axes=cubic_axes())


def _face_diagonals() -> Vectors:
    """The twelve <110> directions, (12, 3)."""
    every = np.array(list(product((-1, 0, 1), repeat=3)))
    return np.asarray(every[np.abs(every).sum(1) == 2] / 2**0.5)


def _rod(at_nm: Vectors, rng: np.random.Generator) -> Vectors:
    """A cylinder along a random low-index direction."""
    axis = cubic_axes()[int(rng.integers(len(cubic_axes())))]
    along_nm = np.abs(at_nm @ axis)
    across_nm = np.linalg.norm(at_nm - np.outer(at_nm @ axis, axis), axis=1)
    return np.asarray(np.maximum(across_nm, along_nm / rng.uniform(*ROD)))


def _plate(at_nm: Vectors, rng: np.random.Generator) -> Vectors:
    """A hexagon on {111} with {112} sides."""
    sides = np.array([[1, 1, -2], [1, -2, 1], [-2, 1, 1]]) / 6**0.5
    normals = np.vstack([np.ones(3) / 3**0.5, sides / rng.uniform(*PLATE)])
    distances = np.abs(at_nm @ normals.T)
    return np.asarray((distances / _scatter(4, rng)).max(1))


_GAUGES: dict[str, Callable[[Vectors, np.random.Generator], Vectors]] = {
    "sphere": lambda at_nm, rng: np.asarray(np.linalg.norm(at_nm, axis=1)),
    "rod": _rod,
    "plate": _plate,
}


def _amorphous(element: Element, atoms: int, rng: np.random.Generator) -> Sites:
    """A ball without order: atoms thrown in at random, then pushed apart until few are too near."""
    radius_nm = _radius_nm(element, atoms) / AMORPHOUS_DENSITY ** (1 / 3)
    at = rng.normal(size=(atoms, 3))
    at *= radius_nm * rng.random((atoms, 1)) ** (1 / 3) / np.linalg.norm(at, axis=1, keepdims=True)
    least_nm = LEAST_APART * element.neighbour_nm
    for _ in range(60):
        pairs = cKDTree(at).query_pairs(least_nm, output_type="ndarray")
        if not len(pairs):
            break
        apart = at[pairs[:, 0]] - at[pairs[:, 1]]
        length = np.linalg.norm(apart, axis=1, keepdims=True)
        push = apart / np.maximum(length, 1e-6) * (least_nm - length) * 0.5
        np.add.at(at, pairs[:, 0], push)
        np.add.at(at, pairs[:, 1], -push)
        at /= np.maximum(np.linalg.norm(at, axis=1, keepdims=True) / radius_nm, 1)
    return Sites(positions_nm=at, gauge=np.linalg.norm(at, axis=1), axes=np.empty((0, 3)))


def _decahedron(element: Element, atoms: int, rng: np.random.Generator) -> Sites:
    """Five grains about a common [110], each bounded by two {111} twin planes; 70.53 deg closed to 72 deg.

    Ino's {100} side facets (none on the flattest: a pentagonal bipyramid), {111} caps, and Marks' re-entrant {111}
    facets at the twin planes. In each grain u runs along [001] (out of the side facet), v along [1-10], w along [110]
    (the five-fold axis).
    """
    lattice = fcc(element.lattice_nm, _radius_nm(element, atoms) * 2.2)
    frame = np.array([[0, 0, 1], [2**-0.5, -(2**-0.5), 0], [2**-0.5, 2**-0.5, 0]])
    u, v, w = (lattice @ frame.T).T
    half = np.arctan(2**-0.5)
    angle = np.arctan2(v, u)
    on_axis = (np.abs(u) < 1e-9) & (np.abs(v) < 1e-9)
    wedge = (angle >= -half - 1e-6) & (angle < half - 1e-6) & ~on_axis
    shift_nm, cap, notch = rng.uniform(-0.2, 0.2), rng.uniform(*CAP), rng.uniform(0.85, 1.16)
    positions, gauges, axes = [], [], []
    for grain in range(5):
        keep = wedge | (on_axis if grain == 0 else False)
        uvw = np.stack([u[keep], v[keep], w[keep] + shift_nm], 1)
        side, up, down, first, second = _scatter(5, rng)
        planes = [
            uvw[:, 0] / side,
            (uvw[:, 0] / 3**0.5 + uvw[:, 2] * (2 / 3) ** 0.5) / (cap * up),
            (uvw[:, 0] / 3**0.5 - uvw[:, 2] * (2 / 3) ** 0.5) / (cap * down),
            (uvw[:, 0] * np.sin(half) + uvw[:, 1] * np.cos(half)) / (notch * first),
            (uvw[:, 0] * np.sin(half) - uvw[:, 1] * np.cos(half)) / (notch * second),
        ]
        turn = _about_z(2 * np.pi * grain / 5)
        positions.append(_closed(uvw, half, _radius_nm(element, atoms)) @ turn.T)
        gauges.append(np.max(planes, axis=0))
        axes.append(cubic_axes() @ frame.T @ turn.T)
    return Sites(positions_nm=np.vstack(positions), gauge=np.concatenate(gauges), axes=np.vstack(axes))


def _closed(uvw: Vectors, half: float, radius_nm: float) -> Vectors:
    """A wedge from -half to half about w, bent to -36 to 36 deg: a disclination in an elastic cylinder.

    The angle grows by 1 + W with W = 36 deg / half - 1, the radius by u_r = r (A ln(r / R) - W / 2) with
    A = W (1 - 2 nu) / (2 - 2 nu): no stress on the surface r = R and no dilation on average (R. de Wit, J. Phys. C 5
    (1972) 529). A real platinum decahedron agrees (tests/simulator/test_particles.py); stretching v alone does not.
    """
    grows = np.pi / 5 / half - 1
    slope = grows * (1 - 2 * POISSON) / (2 - 2 * POISSON)
    r, angle = np.hypot(uvw[:, 0], uvw[:, 1]), np.arctan2(uvw[:, 1], uvw[:, 0]) * (1 + grows)
    r *= 1 + slope * np.log(np.maximum(r, 1e-3 * radius_nm) / radius_nm) - grows / 2
    return np.stack([r * np.cos(angle), r * np.sin(angle), uvw[:, 2]], 1)


def _about_z(angle: float) -> Vectors:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _icosahedron(element: Element, atoms: int, rng: np.random.Generator) -> Sites:
    """Mackay's shells (Acta Cryst. 15 (1962) 916): atoms in a shell are 5.15 % farther apart than between shells."""
    golden = (1 + 5**0.5) / 2
    corners = np.array([np.roll([0, a, b * golden], k) for k in range(3) for a in (-1, 1) for b in (-1, 1)])
    corners /= np.linalg.norm(corners[0])
    edge = np.min([np.linalg.norm(a - b) for a, b in combinations(corners, 2)])
    spacing_nm = element.neighbour_nm / edge ** (2 / 3)
    faces = [
        f
        for f in combinations(range(12), 3)
        if max(np.linalg.norm(corners[a] - corners[b]) for a, b in combinations(f, 2)) < 1.01 * edge
    ]
    shells = 2 + int(np.ceil(1.15 * (3 * atoms / 10) ** (1 / 3)))
    weights = np.array([(n - j - k, j, k) for n in range(shells + 1) for j in range(n + 1) for k in range(n + 1 - j)])
    at = np.vstack([weights @ corners[list(face)] for face in faces])
    _, first = np.unique(np.round(at, 6), axis=0, return_index=True)
    at = at[first] * spacing_nm
    normals = np.array([corners[list(f)].sum(0) for f in faces])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    gauge = (at @ normals.T / _scatter(20, rng)).max(1)
    middles = np.array(
        [
            corners[a] + corners[b]
            for a, b in combinations(range(12), 2)
            if np.linalg.norm(corners[a] - corners[b]) < 1.01 * edge
        ]
    )
    axes = np.vstack([corners, normals, middles / np.linalg.norm(middles, axis=1, keepdims=True)])
    return Sites(positions_nm=at, gauge=gauge, axes=axes)

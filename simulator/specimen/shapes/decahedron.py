"""The decahedron: five grains about a common axis, as an elastic body without stress on its surface."""

from __future__ import annotations

import numpy as np

from simulator.specimen.elements import Element
from simulator.specimen.orientation import cubic_axes
from simulator.specimen.shapes.sites import Sites, Vectors, facet_scatter, fcc, radius_nm

CAP = (0.4, 1.2)
"""Distance of a decahedron's {111} caps over that of its {100} sides. At 0.577 the sides vanish, below 0.5 most
re-entrant facets as well: what is left is a pentagonal bipyramid, whose height is 0.61 of its mean width, the least."""
RE_ENTRANT = (0.85, 1.16)
"""Distance of the re-entrant {111} facets over that of the {100} sides."""
POISSON = 0.4
"""Poisson's ratio of the noble metals: 0.37 (Ag) to 0.42 (Au)."""


def decahedron(element: Element, atoms: int, rng: np.random.Generator) -> Sites:
    """Five grains about a common [110], each bounded by two {111} twin planes; 70.53 deg closed to 72 deg.

    Ino's {100} side facets (none on the flattest: a pentagonal bipyramid), {111} caps, and Marks' re-entrant {111}
    facets at the twin planes. In each grain u runs along [001] (out of the side facet), v along [1-10], w along [110]
    (the five-fold axis).
    """
    # One grain: the wedge of the lattice between the two twin planes; sites on the axis belong to the first grain.
    lattice = fcc(element.lattice_nm, radius_nm(element, atoms) * 2.2)
    frame = np.array([[0, 0, 1], [2**-0.5, -(2**-0.5), 0], [2**-0.5, 2**-0.5, 0]])
    u, v, w = (lattice @ frame.T).T
    half = np.arctan(2**-0.5)
    angle = np.arctan2(v, u)
    on_axis = (np.abs(u) < 1e-9) & (np.abs(v) < 1e-9)
    wedge = (angle >= -half - 1e-6) & (angle < half - 1e-6) & ~on_axis
    shift_nm, cap, notch = rng.uniform(-0.2, 0.2), rng.uniform(*CAP), rng.uniform(*RE_ENTRANT)
    positions, growths, axes = [], [], []
    for grain in range(5):
        keep = wedge | (on_axis if grain == 0 else False)
        uvw = np.stack([u[keep], v[keep], w[keep] + shift_nm], 1)
        # The grain's own five facets: side, two caps, two re-entrant ones, each at a distance of its own.
        side, up, down, first, second = facet_scatter(5, rng)
        planes = [
            uvw[:, 0] / side,
            (uvw[:, 0] / 3**0.5 + uvw[:, 2] * (2 / 3) ** 0.5) / (cap * up),
            (uvw[:, 0] / 3**0.5 - uvw[:, 2] * (2 / 3) ** 0.5) / (cap * down),
            (uvw[:, 0] * np.sin(half) + uvw[:, 1] * np.cos(half)) / (notch * first),
            (uvw[:, 0] * np.sin(half) - uvw[:, 1] * np.cos(half)) / (notch * second),
        ]
        # Bent open to 72 degrees and turned to its place among the five.
        turn = _about_z(2 * np.pi * grain / 5)
        positions.append(_closed(uvw, half, radius_nm(element, atoms)) @ turn.T)
        growths.append(np.max(planes, axis=0))
        axes.append(cubic_axes() @ frame.T @ turn.T)
    return Sites(positions_nm=np.vstack(positions), growth_distance_nm=np.concatenate(growths), axes=np.vstack(axes))


def _closed(uvw: Vectors, half: float, radius_nm: float) -> Vectors:
    """A wedge (n, 3) from -half to half about w, bent to -36 to 36 deg: a disclination in an elastic cylinder.

    The angle grows by 1 + W with W = 36 deg / half - 1, the radius by u_r = r (A ln(r / R) - W / 2) with
    A = W (1 - 2 nu) / (2 - 2 nu): no stress on the surface r = R and no dilation on average (R. de Wit, J. Phys. C 5
    (1972) 529). A real platinum decahedron agrees (tests/simulator/specimen/shapes/test_decahedron.py); stretching v
    alone does not.
    """
    grows = np.pi / 5 / half - 1
    slope = grows * (1 - 2 * POISSON) / (2 - 2 * POISSON)
    r, angle = np.hypot(uvw[:, 0], uvw[:, 1]), np.arctan2(uvw[:, 1], uvw[:, 0]) * (1 + grows)
    r *= 1 + slope * np.log(np.maximum(r, 1e-3 * radius_nm) / radius_nm) - grows / 2
    return np.stack([r * np.cos(angle), r * np.sin(angle), uvw[:, 2]], 1)


def _about_z(angle_rad: float) -> Vectors:
    """Rotation (3, 3) about z, from x towards y."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])

"""Neighbours of atoms in a perfect particle: lengths, directions, five-fold bonds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulator.specimen.elements import FCC
from simulator.specimen.shapes import sites


def bonds(at_nm: NDArray[np.float64], neighbour_nm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vectors between neighbours and the points half-way, both (m, 3)."""
    pairs = cKDTree(at_nm).query_pairs(1.2 * neighbour_nm, output_type="ndarray")
    return at_nm[pairs[:, 0]] - at_nm[pairs[:, 1]], (at_nm[pairs[:, 0]] + at_nm[pairs[:, 1]]) / 2


def five_fold(arms: NDArray[np.float64], axis: NDArray[np.float64]) -> float:
    """Share of all bonds that lie across the axis and point in ten even directions (and not in two).

    A sixth in a decahedron: of an atom's twelve bonds two are across the axis of its grain.
    """
    unit = arms / np.linalg.norm(arms, axis=1, keepdims=True)
    first = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    first /= np.linalg.norm(first)
    flat = unit[np.abs(unit @ axis) < 0.2]
    angle = np.arctan2(flat @ np.cross(axis, first), flat @ first)
    ten, two = np.exp(10j * angle).sum(), np.exp(2j * angle).sum()
    return float((abs(ten) - abs(two)) / len(unit))


def perfect(shape: str, atoms: int) -> NDArray[np.float64]:
    found = sites(shape, FCC["Pt"], atoms, np.random.default_rng(8))
    return found.positions_nm[np.argsort(found.growth_distance_nm)[:atoms]]

"""What a disordered solid is judged by: density, coordination, pair distances, bond angles. Periodic cubes, nm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

BOND_NM = 0.185
"""Two carbons nearer than this are bonded: the first minimum of g(r) of the published block."""
CARBON_G = 12.011 / 6.02214076e23


def density_g_per_cm3(atoms: int, side_nm: float) -> float:
    """Mass density of carbon."""
    return atoms * CARBON_G / (side_nm * 1e-7) ** 3


def coordination_shares(positions_nm: NDArray[np.floating], side_nm: float) -> NDArray[np.float64]:
    """(7,): share of atoms with 0, 1, … 6 bonds."""
    tree = cKDTree(np.mod(positions_nm, side_nm), boxsize=side_nm)
    bonds = tree.query_ball_point(tree.data, BOND_NM, return_length=True) - 1
    return np.asarray(np.bincount(np.minimum(bonds, 6), minlength=7) / len(positions_nm))


def pair_distribution(
    positions_nm: NDArray[np.floating], side_nm: float, *, step_nm: float = 0.005, reach_nm: float = 0.6
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(r in nm, g(r)): one where atoms are as dense as on average."""
    tree = cKDTree(np.mod(positions_nm, side_nm), boxsize=side_nm)
    edges = np.arange(0, reach_nm + step_nm / 2, step_nm)
    within = tree.count_neighbors(tree, edges).astype(np.float64)
    shells = np.diff(within)
    volume = 4 / 3 * np.pi * np.diff(edges**3)
    atoms = len(positions_nm)
    return (edges[1:] + edges[:-1]) / 2, shells / (atoms * volume * atoms / side_nm**3)


def bond_angles_deg(positions_nm: NDArray[np.floating], side_nm: float) -> NDArray[np.float64]:
    """Every angle between two bonds of one atom."""
    at = np.mod(positions_nm, side_nm)
    tree = cKDTree(at, boxsize=side_nm)
    angles = []
    for centre, bonded in enumerate(tree.query_ball_point(at, BOND_NM)):
        arms = at[[b for b in bonded if b != centre]] - at[centre]
        arms -= side_nm * np.round(arms / side_nm)
        arms /= np.linalg.norm(arms, axis=1, keepdims=True)
        upper = np.triu_indices(len(arms), 1)
        angles.append(np.degrees(np.arccos(np.clip((arms @ arms.T)[upper], -1, 1))))
    return np.concatenate(angles)

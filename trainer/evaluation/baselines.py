"""What a classifier reaches that sees no lattice: from the size alone, and from the outline alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

NEIGHBOURS = 25
HARMONICS = 10
DIRECTIONS = 72

Features = NDArray[np.float64]


def size_features(diameters_nm: Sequence[float]) -> Features:
    """(n, 1): the diameter of the sphere of equal volume."""
    return np.asarray(diameters_nm, dtype=np.float64)[:, None]


def outline_features(masks: Sequence[NDArray[np.bool_]]) -> Features:
    """(n, 12): of each projection its area, its share of the smallest disc, and the strength of ten harmonics of its
    radius over the angle, relative to the mean radius. Turns and flips change none of them."""
    rows = []
    for mask in masks:
        inside = np.argwhere(mask)
        centre = inside.mean(0)
        reach = float(np.linalg.norm(inside - centre, axis=1).max())
        radii = _radii(mask, centre, reach)
        harmonics = np.abs(np.fft.rfft(radii))[1 : HARMONICS + 1] / radii.sum()
        rows.append([np.log(len(inside)), len(inside) / (np.pi * reach**2), *harmonics])
    return np.array(rows)


def _radii(mask: NDArray[np.bool_], centre: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Distance of the outline from the centre in 72 directions, pixels."""
    angles = np.linspace(0, 2 * np.pi, DIRECTIONS, endpoint=False)
    steps = np.arange(0, reach + 2, 0.5)
    at = centre[:, None, None] + np.stack([np.sin(angles), np.cos(angles)])[:, :, None] * steps
    return np.asarray(map_coordinates(mask.astype(np.uint8), at, order=0).sum(1) * 0.5)


def nearest_neighbours(
    known: Features, labels: NDArray[np.integer], asked: Features, classes: int
) -> NDArray[np.float64]:
    """(m, k): shares of the classes among the 25 nearest of the known, in standardised features."""
    mean, spread = known.mean(0), known.std(0) + 1e-12
    near = cKDTree((known - mean) / spread).query((asked - mean) / spread, NEIGHBOURS)[1]
    return np.asarray((labels[near][:, :, None] == np.arange(classes)).mean(1))

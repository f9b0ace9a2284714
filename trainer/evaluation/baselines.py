"""What a classifier reaches that sees no lattice: from the size alone, and from the outline alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

NEIGHBOURS = 25
"""That vote on a class."""
HARMONICS = 10
"""Of the radius over the angle."""
DIRECTIONS = 72
"""In which the radius is measured."""

Features = NDArray[np.float64]


def size_features(diameters_nm: Sequence[float]) -> Features:
    """(n, 1): the diameter of the sphere of equal volume."""
    return np.asarray(diameters_nm, dtype=np.float64)[:, None]


def outline_features(masks: Sequence[NDArray[np.bool_]]) -> Features:
    """(n, 12): of each projection its area, its share of the smallest disc, and the strength of ten harmonics of its
    radius over the angle, relative to the mean radius. Turns and flips change none of them."""
    features = []
    for mask in masks:
        # The smallest disc about the centroid that holds the projection.
        inside = np.argwhere(mask)
        centre = inside.mean(0)
        reach = float(np.linalg.norm(inside - centre, axis=1).max())
        # How the radius changes over the angle: the size of its Fourier components knows no turn and no flip.
        radii = _radii(mask, centre, reach)
        harmonics = np.abs(np.fft.rfft(radii))[1 : HARMONICS + 1] / radii.sum()
        features.append([np.log(len(inside)), len(inside) / (np.pi * reach**2), *harmonics])
    return np.array(features)


def _radii(mask: NDArray[np.bool_], centre: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Distance of the outline from the centre in 72 directions, pixels."""
    angles = np.linspace(0, 2 * np.pi, DIRECTIONS, endpoint=False)
    steps = np.arange(0, reach + 2, 0.5)
    at = centre[:, None, None] + np.stack([np.sin(angles), np.cos(angles)])[:, :, None] * steps
    return np.asarray(map_coordinates(mask.astype(np.uint8), at, order=0).sum(1) * 0.5)


def nearest_neighbours(
    known: Features, labels: NDArray[np.integer], unknown: Features, classes: int
) -> NDArray[np.float64]:
    """(m, k): shares of the classes among the 25 nearest of the known, in standardised features.

    Args:
        known: (n, f).
        labels: (n,), the classes of the known.
        unknown: (m, f).
        classes: k.
    """
    mean, spread = known.mean(0), known.std(0) + 1e-12
    # Of fewer than 25 all vote; the tree counts neighbours from one.
    nearest = range(1, min(NEIGHBOURS, len(known)) + 1)
    near = cKDTree((known - mean) / spread).query((unknown - mean) / spread, nearest)[1]
    return np.asarray((labels[near][:, :, None] == np.arange(classes)).mean(1))

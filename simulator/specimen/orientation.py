"""Random orientations, uniform on SO(3), and how far the beam is from a low-index axis."""

from __future__ import annotations

from itertools import product as every_choice

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]


def random_quaternion(rng: np.random.Generator) -> Vectors:
    """Unit quaternion (w, x, y, z), uniform on SO(3): K. Shoemake, *Graphics Gems III* (1992) 124."""
    u, v, w = rng.random(3)
    a, b = np.sqrt(1 - u), np.sqrt(u)
    return np.array(
        [b * np.cos(2 * np.pi * w), a * np.sin(2 * np.pi * v), a * np.cos(2 * np.pi * v), b * np.sin(2 * np.pi * w)]
    )


def matrix(quaternion: Vectors) -> Vectors:
    """Rotation matrix (3, 3) of a unit quaternion; a vector turns as R v."""
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def cubic_axes() -> Vectors:
    """(13, 3) unit vectors along <100>, <110> and <111>, one of each opposite pair."""
    every = np.array([v for v in every_choice((-1, 0, 1), repeat=3) if v > (0, 0, 0)], dtype=np.float64)
    return np.asarray(every / np.linalg.norm(every, axis=1, keepdims=True))


def angle_to_axes_deg(axes: Vectors, rotation: Vectors) -> float:
    """Smallest angle between the beam (z) and any of the rotated axes (n, 3), degrees; NaN without axes."""
    if not len(axes):
        return float("nan")
    along = np.abs((axes @ rotation.T)[:, 2])
    return float(np.degrees(np.arccos(np.clip(along.max(), 0, 1))))


def product(second: Vectors, first: Vectors) -> Vectors:
    """Quaternion of the rotation `first` followed by `second`: matrix(product(b, a)) = matrix(b) @ matrix(a)."""
    w, v = second[0], second[1:]
    u, t = first[0], first[1:]
    return np.concatenate([[w * u - v @ t], w * t + u * v + np.cross(v, t)])

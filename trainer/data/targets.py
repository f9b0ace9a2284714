"""Truth of a field to what the detector should answer: particle, centre and border maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

BORDER_NM = 0.45
"""Two particles nearer than this have a border between them."""


def truth_maps(labels: NDArray[np.int32], pixel_size_nm: float) -> NDArray[np.float32]:
    """(3, n, n): particle, centre, border, at the field's own pixel size; `labels` (n, n) numbers particles from one.

    The centre map is the squared distance from the particle's edge as a fraction of its largest: one peak a particle.
    """
    centre = np.zeros(labels.shape, dtype=np.float32)
    nearest = np.full(labels.shape, np.inf, dtype=np.float32)
    second = nearest.copy()
    for number in range(1, int(labels.max()) + 1):
        own = labels == number
        if not own.any():
            continue
        inside = distance_transform_edt(own).astype(np.float32)
        centre = np.maximum(centre, (inside / inside.max()) ** 2)
        outside = (distance_transform_edt(~own) * pixel_size_nm).astype(np.float32)
        second = np.minimum(second, np.maximum(nearest, outside))
        nearest = np.minimum(nearest, outside)
    return np.stack([(labels > 0).astype(np.float32), centre, (second < BORDER_NM).astype(np.float32)])


def target_maps(
    truth: NDArray[np.float32],
    pixel_size_nm: float,
    corner_nm: float,
    map_shape: tuple[int, int],
    map_pixel_size_nm: float,
) -> NDArray[np.uint8]:
    """`truth_maps` on the detector's grid: (3, h, w) uint8, 255 = one.

    `corner_nm` is how far the camera's upper left corner lies inside the field's, along both axes.
    """
    axes = [((np.arange(n) + 0.5) * map_pixel_size_nm + corner_nm) / pixel_size_nm - 0.5 for n in map_shape]
    at = np.meshgrid(*axes, indexing="ij")
    sigma = 0.3 * map_pixel_size_nm / pixel_size_nm
    maps = [map_coordinates(gaussian_filter(m, sigma), at, order=1, mode="nearest") for m in truth]
    return np.round(np.clip(np.stack(maps), 0, 1) * 255).astype(np.uint8)

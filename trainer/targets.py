"""Truth of a field to what the detector should answer: particle, centre and border maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

BORDER_NM = 0.45
"""Two particles nearer than this have a border between them."""


def target_maps(
    labels: NDArray[np.int32], pixel_size_nm: float, map_shape: tuple[int, int], map_pixel_size_nm: float
) -> NDArray[np.uint8]:
    """(3, h, w) uint8, 255 = one: particle, centre, border, on the detector's grid (same upper left corner).

    `labels` (n, n) numbers the particles from one. The centre map is each particle's distance from its edge, squared,
    as a fraction of its largest: one peak a particle.
    """
    particle = (labels > 0).astype(np.float32)
    centre = np.zeros_like(particle)
    nearest = np.full(labels.shape, np.inf, dtype=np.float32)
    second = nearest.copy()
    for number in range(1, int(labels.max()) + 1):
        own = labels == number
        if not own.any():
            continue
        inside = distance_transform_edt(own)
        centre = np.maximum(centre, (inside / inside.max()) ** 2)
        outside = (distance_transform_edt(~own) * pixel_size_nm).astype(np.float32)
        second = np.minimum(second, np.maximum(nearest, outside))
        nearest = np.minimum(nearest, outside)
    border = (second < BORDER_NM).astype(np.float32)
    maps = [_sample(m, pixel_size_nm, map_shape, map_pixel_size_nm) for m in (particle, centre, border)]
    return np.round(np.clip(np.stack(maps), 0, 1) * 255).astype(np.uint8)


def _sample(
    values: NDArray[np.float32], pixel_size_nm: float, map_shape: tuple[int, int], map_pixel_size_nm: float
) -> NDArray[np.float32]:
    smooth = gaussian_filter(values, 0.3 * map_pixel_size_nm / pixel_size_nm)
    axes = [(np.arange(n) + 0.5) * map_pixel_size_nm / pixel_size_nm - 0.5 for n in map_shape]
    return np.asarray(
        map_coordinates(smooth, np.meshgrid(*axes, indexing="ij"), order=1, mode="nearest"), dtype=np.float32
    )

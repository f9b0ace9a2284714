"""Truth of a frame to what the detector should answer: particle, centre and border maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from simulator.scenes.truth import FrameTruth

BORDER_NM = 0.45
"""Two particles nearer than this have a border between them."""
SMOOTHING = 0.3
"""Sigma of the maps before they are sampled, in pixels of the detector."""


def truth_maps(labels: NDArray[np.int32], pixel_size_nm: float) -> NDArray[np.float32]:
    """(3, n, n): particle, centre, border, at the labels' own pixel size; `labels` (n, n) numbers particles from one.

    The centre map is the squared distance from the particle's edge as a fraction of its largest: one peak per
    particle. The border map is where two particles are nearer than `BORDER_NM`.
    """
    centre = np.zeros(labels.shape, dtype=np.float32)
    # Of every pixel the distances to the nearest particle and to the second nearest.
    nearest = np.full(labels.shape, np.inf, dtype=np.float32)
    second = nearest.copy()
    for number in range(1, int(labels.max()) + 1):
        mask = labels == number
        if not mask.any():
            continue
        inside = distance_transform_edt(mask).astype(np.float32)
        centre = np.maximum(centre, (inside / inside.max()) ** 2)
        outside = (distance_transform_edt(~mask) * pixel_size_nm).astype(np.float32)
        second = np.minimum(second, np.maximum(nearest, outside))
        nearest = np.minimum(nearest, outside)
    return np.stack([(labels > 0).astype(np.float32), centre, (second < BORDER_NM).astype(np.float32)])


def target_maps(truth: FrameTruth, map_shape: tuple[int, int], map_pixel_size_nm: float) -> NDArray[np.uint8]:
    """What a detector should answer for a frame on its own grid: (3, h, w) uint8, 255 = one.

    Distances are measured on the field's labels, which reach beyond the frame: a particle that is cut by the frame's
    edge has its centre where it truly is.
    """
    field_labels = truth.field_labels
    maps = truth_maps(field_labels.labels, field_labels.pixel_size_nm)
    at = field_labels.indices_of(map_shape, map_pixel_size_nm)
    sigma = SMOOTHING * map_pixel_size_nm / field_labels.pixel_size_nm
    sampled = [map_coordinates(gaussian_filter(m, sigma), at, order=1, mode="nearest") for m in maps]
    return np.round(np.clip(np.stack(sampled), 0, 1) * 255).astype(np.uint8)

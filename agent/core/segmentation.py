"""Score maps to particles: centres, diameters and outlines. Pure; the network came in as a callable."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours
from skimage.segmentation import watershed

SEED_LEVEL = 0.25
"""Smallest height of the centre map that seeds a particle."""
SEED_NM = 1.2
"""Two seeds nearer than this are one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outline:
    """One detected particle, in pixels of the full frame."""

    y_px: float
    x_px: float
    diameter_nm: float
    polygon_px: NDArray[np.float32]
    touches_border: bool
    score: float


def find(
    maps: NDArray[np.float32],
    scale: float,
    pixel_size_nm: float,
    shape_px: tuple[int, int],
    *,
    threshold: float,
    smallest_nm: float,
    largest_nm: float,
) -> tuple[Outline, ...]:
    """Particles in maps (3, h, w): particle, centre, border probabilities.

    `scale` is the camera pixels of one map pixel, `pixel_size_nm` that of the camera, `shape_px` the frame's. Touching
    particles are parted by a watershed of the border map less the centre map, seeded at the centre map's peaks.
    """
    height, width = (min(int(n // scale), m) for n, m in zip(shape_px, maps.shape[1:], strict=True))
    particle, centre, border = maps[:, :height, :width]
    map_pixel_nm = scale * pixel_size_nm
    body = particle > threshold
    if not body.any():
        return ()
    found = []
    for own, corner in _bodies(body, centre, border, SEED_NM / map_pixel_nm):
        diameter_nm = 2 * math.sqrt(np.count_nonzero(own) / math.pi) * map_pixel_nm
        # What a border cuts off has the width of its particle, not the area.
        width_nm = max(own.shape) * map_pixel_nm if _cut(own, corner, (height, width)) else diameter_nm
        if smallest_nm <= width_nm <= largest_nm:
            score = particle[corner[0] : corner[0] + own.shape[0], corner[1] : corner[1] + own.shape[1]]
            found.append(_outline(own, score, corner, scale, diameter_nm, (height, width)))
    return tuple(found)


def _bodies(
    body: NDArray[np.bool_], centre: NDArray[np.float32], border: NDArray[np.float32], reach: float
) -> Iterator[tuple[NDArray[np.bool_], tuple[int, int]]]:
    """(mask in its own box, the box's corner) of each particle. Only bodies with more than one seed need parting."""
    labels, total = ndimage.label(body)
    seeds, count = _seeds(centre, body, reach)
    seeded = seeds > 0
    pairs = np.unique(labels[seeded].astype(np.int64) * (count + 1) + seeds[seeded])
    seeds_of = np.bincount(pairs // (count + 1), minlength=total + 1)
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        own = labels[box] == number
        corner = (box[0].start, box[1].start)
        if seeds_of[number] < 2:
            yield own, corner
            continue
        parted = watershed(border[box] - centre[box], np.where(own, seeds[box], 0), mask=own)
        for part, inner in enumerate(ndimage.find_objects(parted), start=1):
            if inner is not None:
                yield parted[inner] == part, (corner[0] + inner[0].start, corner[1] + inner[1].start)


def _seeds(centre: NDArray[np.float32], body: NDArray[np.bool_], reach: float) -> tuple[NDArray[np.int32], int]:
    """(peaks of the smoothed centre map, one label each; how many)."""
    smooth = ndimage.gaussian_filter(centre, 1.0)
    side = 2 * int(np.ceil(reach / 2)) + 1
    peaks = (smooth == ndimage.maximum_filter(smooth, size=side)) & (smooth > SEED_LEVEL) & body
    seeds, count = ndimage.label(ndimage.binary_dilation(peaks) & body)
    return seeds, count


def _outline(
    own: NDArray[np.bool_],
    score: NDArray[np.float32],
    corner: tuple[int, int],
    scale: float,
    diameter_nm: float,
    shape: tuple[int, int],
) -> Outline:
    rows, columns = np.nonzero(own)
    y, x = rows.mean() + corner[0], columns.mean() + corner[1]
    padded = np.zeros((own.shape[0] + 2, own.shape[1] + 2), dtype=np.float32)
    padded[1:-1, 1:-1] = own
    ring = max(find_contours(padded, 0.5), key=len) - 1 + np.asarray(corner)
    return Outline(
        y_px=_to_frame(float(y), scale),
        x_px=_to_frame(float(x), scale),
        diameter_nm=diameter_nm,
        polygon_px=((ring[:-1] + 0.5) * scale - 0.5).astype(np.float32),
        touches_border=_cut(own, corner, shape),
        score=float(score[own].mean()),
    )


def _cut(own: NDArray[np.bool_], corner: tuple[int, int], shape: tuple[int, int]) -> bool:
    """Whether a body's box reaches the border of the map."""
    ends = (corner[0] + own.shape[0], corner[1] + own.shape[1])
    return min(corner) == 0 or ends[0] == shape[0] or ends[1] == shape[1]


def _to_frame(at_map: float, scale: float) -> float:
    """A map pixel's centre in pixels of the frame; the corners of both grids coincide."""
    return (at_map + 0.5) * scale - 0.5

"""Score maps to particles: centres, diameters and outlines. Pure; the network came in as a callable."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours
from skimage.segmentation import watershed

from agent.core.config import SegmentationConfig
from agent.core.results import Outline
from protocol.coordinates import index_on_grid

SEED_LEVEL = 0.25
"""Smallest height of the centre map that seeds a particle."""
SEED_NM = 1.2
"""Two seeds nearer than this are one."""
SMOOTHING_PX = 1.0
"""Sigma of the blur of the centre map before its peaks are looked for, in map pixels."""

Corner = tuple[int, int]
"""Row and column of a box's first pixel in the map."""


def segment(
    maps: NDArray[np.float32],
    scale: float,
    pixel_size_nm: float,
    shape_px: tuple[int, int],
    config: SegmentationConfig,
) -> tuple[Outline, ...]:
    """Particles in maps (3, h, w): particle, centre, border probabilities.

    `scale` is the camera pixels of one map pixel, `pixel_size_nm` that of the camera, `shape_px` the frame's. Touching
    particles are parted by a watershed of the border map less the centre map, seeded at the centre map's peaks.
    """
    # The part of the maps that shows the frame; the rest is padding.
    height, width = (min(int(n // scale), m) for n, m in zip(shape_px, maps.shape[1:], strict=True))
    particle, centre, border = maps[:, :height, :width]
    map_pixel_nm = scale * pixel_size_nm
    foreground = particle > config.threshold
    if not foreground.any():
        return ()
    found = []
    for mask, corner in _instances(foreground, centre, border, SEED_NM / map_pixel_nm):
        diameter_nm = 2 * math.sqrt(np.count_nonzero(mask) / math.pi) * map_pixel_nm
        # What a border cuts off has the width of its particle, not the area.
        width_nm = max(mask.shape) * map_pixel_nm if _is_cut(mask, corner, (height, width)) else diameter_nm
        if config.smallest_nm <= width_nm <= config.largest_nm:
            scores = particle[corner[0] : corner[0] + mask.shape[0], corner[1] : corner[1] + mask.shape[1]]
            found.append(_outline(mask, scores, corner, scale, diameter_nm, (height, width)))
    return tuple(found)


def _instances(
    foreground: NDArray[np.bool_], centre: NDArray[np.float32], border: NDArray[np.float32], reach_px: float
) -> Iterator[tuple[NDArray[np.bool_], Corner]]:
    """(mask (a, b) in its own box, the box's corner) of each particle in maps (h, w)."""
    labels, total = ndimage.label(foreground)
    seeds, count = _seeds(centre, foreground, reach_px)
    # How many different seeds lie in each connected region: pairs (region, seed), each taken once.
    seeded = seeds > 0
    pairs = np.unique(labels[seeded].astype(np.int64) * (count + 1) + seeds[seeded])
    seeds_of = np.bincount(pairs // (count + 1), minlength=total + 1)
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        region = labels[box] == number
        corner = (box[0].start, box[1].start)
        # Only a region with more than one seed is several particles that touch; the rest costs no watershed.
        if seeds_of[number] < 2:
            yield region, corner
            continue
        parted = watershed(border[box] - centre[box], np.where(region, seeds[box], 0), mask=region)
        for part, inner in enumerate(ndimage.find_objects(parted), start=1):
            if inner is not None:
                yield parted[inner] == part, (corner[0] + inner[0].start, corner[1] + inner[1].start)


def _seeds(
    centre: NDArray[np.float32], foreground: NDArray[np.bool_], reach_px: float
) -> tuple[NDArray[np.int32], int]:
    """(peaks of the smoothed centre map (h, w), one label each; how many)."""
    smooth = ndimage.gaussian_filter(centre, SMOOTHING_PX)
    side = 2 * int(np.ceil(reach_px / 2)) + 1
    peaks = (smooth == ndimage.maximum_filter(smooth, size=side)) & (smooth > SEED_LEVEL) & foreground
    # Two equal pixels of one peak touch after the dilation and become one seed.
    seeds, count = ndimage.label(ndimage.binary_dilation(peaks) & foreground)
    return seeds, count


def _outline(
    mask: NDArray[np.bool_],
    scores: NDArray[np.float32],
    corner: Corner,
    scale: float,
    diameter_nm: float,
    shape: tuple[int, int],
) -> Outline:
    rows, columns = np.nonzero(mask)
    y, x = rows.mean() + corner[0], columns.mean() + corner[1]
    # A rim of zeros closes the contour of a mask that fills its box.
    padded = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), dtype=np.float32)
    padded[1:-1, 1:-1] = mask
    ring = max(find_contours(padded, 0.5), key=len) - 1 + np.asarray(corner)
    return Outline(
        y_px=index_on_grid(float(y), scale, 1.0),
        x_px=index_on_grid(float(x), scale, 1.0),
        diameter_nm=diameter_nm,
        outline_px=index_on_grid(ring[:-1], scale, 1.0).astype(np.float32),
        touches_border=_is_cut(mask, corner, shape),
        score=float(scores[mask].mean()),
    )


def _is_cut(mask: NDArray[np.bool_], corner: Corner, shape: tuple[int, int]) -> bool:
    """Whether a mask's box reaches the border of the map."""
    ends = (corner[0] + mask.shape[0], corner[1] + mask.shape[1])
    return min(corner) == 0 or ends[0] == shape[0] or ends[1] == shape[1]

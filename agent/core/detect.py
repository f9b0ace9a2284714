"""Score maps to particles: centres, diameters and outlines. Pure; the network came in as a callable."""

from __future__ import annotations

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
    particles are parted by a watershed of the particle map less the border map, seeded at the centre map's peaks.
    """
    height, width = (min(int(n // scale), m) for n, m in zip(shape_px, maps.shape[1:], strict=True))
    particle, centre, border = maps[:, :height, :width]
    map_pixel_nm = scale * pixel_size_nm
    body = particle > threshold
    if not body.any():
        return ()
    labels = watershed(border - centre, _seeds(centre, body, SEED_NM / map_pixel_nm), mask=body)
    found = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        own = labels[box] == number
        diameter_nm = 2 * float(np.sqrt(own.sum() / np.pi)) * map_pixel_nm
        if not smallest_nm <= diameter_nm <= largest_nm:
            continue
        found.append(_outline(own, particle[box], (box[0].start, box[1].start), scale, diameter_nm, (height, width)))
    return tuple(found)


def _seeds(centre: NDArray[np.float32], body: NDArray[np.bool_], reach: float) -> NDArray[np.int32]:
    """Peaks of the smoothed centre map, one label each; a body without a peak is seeded as a whole."""
    smooth = ndimage.gaussian_filter(centre, 1.0)
    side = 2 * int(np.ceil(reach / 2)) + 1
    peaks = (smooth == ndimage.maximum_filter(smooth, size=side)) & (smooth > SEED_LEVEL) & body
    seeds, count = ndimage.label(ndimage.binary_dilation(peaks) & body)
    bodies, total = ndimage.label(body)
    seeded = np.unique(bodies[peaks])
    for number in np.setdiff1d(np.arange(1, total + 1), seeded):
        count += 1
        seeds[bodies == number] = count
    return np.asarray(seeds, dtype=np.int32)


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
    ring = max(find_contours(np.pad(own, 1).astype(np.float32), 0.5), key=len) - 1 + np.asarray(corner)
    last = np.asarray(shape) - 1
    edge = bool(
        (rows + corner[0] == 0).any()
        or (columns + corner[1] == 0).any()
        or (rows + corner[0] == last[0]).any()
        or (columns + corner[1] == last[1]).any()
    )
    return Outline(
        y_px=_to_frame(float(y), scale),
        x_px=_to_frame(float(x), scale),
        diameter_nm=diameter_nm,
        polygon_px=((ring[:-1] + 0.5) * scale - 0.5).astype(np.float32),
        touches_border=edge,
        score=float(score[own].mean()),
    )


def _to_frame(at_map: float, scale: float) -> float:
    """A map pixel's centre in pixels of the frame; the corners of both grids coincide."""
    return (at_map + 0.5) * scale - 0.5

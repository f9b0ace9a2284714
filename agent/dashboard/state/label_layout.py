"""Where the labels of outlined particles go, so that none hides another or a neighbour. Pure, no Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OVER_LABEL = 20.0
"""Covering another label counts so many times more than covering a neighbour of the same area."""
OVER_SELF = 0.5


def place_labels(
    boxes: NDArray[np.float64], sizes: NDArray[np.float64], width: float, height: float
) -> NDArray[np.float64]:
    """Upper left corners (n, 2), x then y, of labels; all lie inside the image when they fit at all.

    Each label in turn takes the place, around or inside its particle, that covers least; earlier ones have precedence.

    Args:
        boxes: (n, 4), left, top, right, bottom of the particles' outlines.
        sizes: (n, 2), width and height of the labels, in the same unit.
        width: of the image.
        height: of the image.
    """
    # Every place that a label may take, moved into the image, and what it would cover there.
    limit = np.array([width, height])
    tries = np.clip(_candidates(boxes, sizes), 0, np.maximum(limit - sizes, 0)[:, None])
    covering = np.concatenate([tries, tries + sizes[:, None]], axis=2)
    weights = np.where(np.eye(len(boxes), dtype=bool), OVER_SELF, 1.0)
    cost = np.einsum("ncm,nm->nc", _overlap(covering, boxes), weights)
    # Of places that cover equally little the first is taken: a label that jumps about cannot be read.
    cost += 0.02 * sizes.prod(1)[:, None] * np.arange(tries.shape[1])
    # One after the other, each also kept off the labels that already stand.
    placed = np.empty((0, 4))
    for n in range(len(boxes)):
        best = int(np.argmin(cost[n] + OVER_LABEL * _overlap(covering[n], placed).sum(1)))
        placed = np.vstack([placed, covering[n, best]])
    return placed[:, :2]


def spread(wanted: NDArray[np.float64], gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Positions (n,) near the wanted ones (n,), a distance of `gap` apart, between `low` and `high` if they can be."""
    # Upwards each is pushed away from the one below it, then downwards from the top where that has gone too far.
    order = np.argsort(wanted, kind="stable")
    at = np.clip(wanted[order], low, high)
    for n in range(1, len(at)):
        at[n] = max(at[n], at[n - 1] + gap)
    if len(at):
        at[-1] = min(at[-1], high)
    for n in range(len(at) - 2, -1, -1):
        at[n] = min(at[n], at[n + 1] - gap)
    result = np.empty_like(at)
    result[order] = at
    return result


def _candidates(boxes: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, c, 2): around each particle, then on its rim, then inside."""
    (left, top, right, bottom), (w, h) = boxes.T, sizes.T
    middle_x, middle_y = (left + right - w) / 2, (top + bottom - h) / 2
    places = (
        (middle_x, bottom),
        (middle_x, top - h),
        (right, middle_y),
        (left - w, middle_y),
        (right - w / 2, bottom - h / 2),
        (left - w / 2, bottom - h / 2),
        (right - w / 2, top - h / 2),
        (left - w / 2, top - h / 2),
        (middle_x, bottom - h),
        (middle_x, top),
        (middle_x, middle_y),
    )
    return np.stack([np.stack(place, axis=-1) for place in places], axis=1)


def _overlap(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., m): area of each of `some` (..., 4) that each of `others` (m, 4) covers."""
    low = np.maximum(some[..., None, :2], others[:, :2])
    high = np.minimum(some[..., None, 2:], others[:, 2:])
    side = np.maximum(high - low, 0)
    return np.asarray(side[..., 0] * side[..., 1])

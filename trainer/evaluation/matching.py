"""Found and true particles in pairs: one rule for whole frames, for a dataset's maps and for the benches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment


def matched(found_px: Sequence[ArrayLike], true_px: Sequence[ArrayLike], reach_px: Sequence[float]) -> dict[int, int]:
    """{found: true} of f found and t true centres (y, x): each at most once, and only nearer than the true one's reach.

    Of all such pairings the one with the most pairs, and of these the one whose distances have the smallest sum
    (Kuhn's Hungarian method). The order in which particles were found decides nothing.

    Args:
        found_px: (f, 2).
        true_px: (t, 2).
        reach_px: (t,) distances; for particles, half the true diameter.
    """
    if not len(found_px) or not len(true_px):
        return {}
    found, true = np.asarray(found_px, dtype=np.float64), np.asarray(true_px, dtype=np.float64)
    distance_px = np.hypot(*(found[:, None] - true[None]).transpose(2, 0, 1))
    within = distance_px < np.asarray(reach_px, dtype=np.float64)
    # A pair out of reach costs more than all pairs within reach together, so that no pair is given up for distance.
    too_far_px = distance_px[within].sum() + 1.0
    pairs = zip(*linear_sum_assignment(np.where(within, distance_px, too_far_px)), strict=True)
    return {int(f): int(t) for f, t in pairs if within[f, t]}

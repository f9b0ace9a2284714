"""Found and true particles in pairs: one rule for whole frames, for a bank's maps and for the benches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def matched(found_px: Sequence[ArrayLike], true_px: Sequence[ArrayLike], reach_px: Sequence[float]) -> dict[int, int]:
    """{found: true} of centres (y, x): each at most once, and only nearer than the true one's reach.

    The nearest pair is taken first, so that the order in which particles were found decides nothing.
    """
    pairs = sorted(
        (float(np.hypot(*np.subtract(there, here))), f, t)
        for f, here in enumerate(found_px)
        for t, there in enumerate(true_px)
    )
    match: dict[int, int] = {}
    taken: set[int] = set()
    for distance, f, t in pairs:
        if distance < reach_px[t] and f not in match and t not in taken:
            match[f] = t
            taken.add(t)
    return match

"""Held-out structures in two halves: the calibration split sets temperature and threshold, the test split is measured.

Which structures are held out at all is the simulator's `wave_split`: every tenth round of the classes. The rounds that
are held out go to the two halves by turns, so that both hold all classes alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.exit_waves.splits import HELD_OUT_EVERY


def in_calibration_split(structures: NDArray[np.integer], classes: int) -> NDArray[np.bool_]:
    """(n,): which of the held-out structures with these indices (n,) set temperature and threshold."""
    return np.asarray(structures // classes // HELD_OUT_EVERY % 2 == 0)


def in_test_split(structures: NDArray[np.integer], classes: int) -> NDArray[np.bool_]:
    """(n,): which of any structures with these indices (n,) are held out and measured."""
    held_out = structures // classes % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    return np.asarray(held_out & ~in_calibration_split(structures, classes))

"""Samples seen from other sides. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def turn(sample: NDArray[Any], which: int) -> NDArray[Any]:
    """One of the eight turns and flips (0 to 7) of the last two axes; 0 leaves the sample as it is."""
    turned = np.rot90(sample, which % 4, (-2, -1))
    return turned[..., ::-1] if which >= 4 else turned


def roughen(patch: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A normalised patch (p, p) moved by up to two pixels, and every third with more noise than it came with."""
    moved = np.roll(patch, tuple(int(n) for n in rng.integers(-2, 3, 2)), (0, 1))
    if rng.random() < 1 / 3:
        sigma = rng.uniform(0, 0.6)
        moved = (moved + sigma * rng.standard_normal(patch.shape, dtype=np.float32)) / np.sqrt(1 + sigma**2)
    return np.asarray(moved, dtype=np.float32)

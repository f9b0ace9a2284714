"""Samples seen from other sides. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def turn(sample: NDArray[Any], which: int) -> NDArray[Any]:
    """One of the eight turns and flips (0 to 7) of the last two axes; 0 leaves the sample as it is."""
    turned = np.rot90(sample, which % 4, (-2, -1))
    return turned[..., ::-1] if which >= 4 else turned

"""Sums over blocks."""

from __future__ import annotations

import numpy as np
import pytest

from agent.core.preprocessing.block_statistics import block_means, block_moments


def test_block_sums_leave_out_a_rest_that_fills_no_block() -> None:
    pixels = np.arange(5 * 7, dtype=np.uint16).reshape(5, 7)
    mean, spread = block_moments(pixels, 2)
    assert mean.tolist() == [[4.0, 6.0, 8.0], [18.0, 20.0, 22.0]]
    assert spread == pytest.approx(np.sqrt((4 * 0.5**2 + 4 * 3.5**2) / 4))
    assert np.array_equal(block_means(pixels, 2), mean)

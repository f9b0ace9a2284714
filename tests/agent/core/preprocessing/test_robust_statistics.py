"""Medians are numpy's and scipy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.ndimage import (
    median_filter,
)

from agent.core.preprocessing.robust_statistics import median, median3x3, median_and_sigma

numbers = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    elements=st.floats(-100, 100, width=32),
)


@settings(max_examples=40, deadline=None)
@given(numbers)
def test_medians_are_numpys_and_scipys(values: NDArray[np.float32]) -> None:
    assert median(values) == pytest.approx(float(np.median(values.astype(np.float64))), abs=1e-5)
    assert np.array_equal(median3x3(values), median_filter(values, 3, mode="nearest"))


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.int16, np.int32, np.uint32]),
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
    )
)
def test_the_spread_of_counts_is_exact(values: NDArray[Any]) -> None:
    middle, sigma = median_and_sigma(values)
    exact = np.median(values.astype(np.float64))
    assert middle == pytest.approx(exact, rel=1e-6, abs=1e-6)
    assert sigma == pytest.approx(np.median(np.abs(values - exact)) / 0.6745, rel=1e-5, abs=1e-6 * (1 + abs(exact)))

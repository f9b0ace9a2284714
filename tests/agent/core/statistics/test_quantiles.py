"""Median and spread of a histogram."""

from __future__ import annotations

import numpy as np
import pytest

from agent.core.statistics.quantiles import median_and_spread_nm, quantiles_nm
from agent.dashboard.state.charts import size_text


def test_median_and_spread_of_a_flat_histogram() -> None:
    """Ten in each of ten bins from 0 to 10: median 5, middle 68 % from 1.6 to 8.4."""
    edges = np.arange(11.0)
    assert median_and_spread_nm(np.full(10, 10), edges) == pytest.approx((5.0, 3.4))
    assert quantiles_nm(np.array([1, 0, 0, 1]), np.arange(5.0), (0.5,)) == pytest.approx((2.0,))
    assert np.isnan(quantiles_nm(np.zeros(3, np.int64), np.arange(4.0), (0.5,))[0])
    assert size_text(np.array([0, 1, 0]), np.arange(4.0)) == "1.5 nm"

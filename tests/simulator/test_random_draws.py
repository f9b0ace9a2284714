"""Draws stay within their ranges and have the distribution that they say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from simulator.random_draws import draw, draw_complex, draw_log


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.integers(0, 2**32))
def test_a_draw_is_within_its_range(one: float, other: float, seed: int) -> None:
    low, high = sorted((one, other))
    rng = np.random.default_rng(seed)
    slack = 1e-9 * high
    assert low <= draw((low, high), rng) <= high
    assert low - slack <= draw_log((low, high), rng) <= high + slack
    assert low - slack <= abs(draw_complex((low, high), rng)) <= high + slack


def test_a_logarithmic_draw_is_uniform_in_its_logarithm() -> None:
    rng = np.random.default_rng(1)
    logs = np.log10([draw_log((1.0, 1000.0), rng) for _ in range(2000)])
    assert kstest(logs / 3, "uniform").pvalue > 0.01
    assert kstest(10**logs / 1000, "uniform").pvalue < 1e-9


def test_every_azimuth_is_equally_likely() -> None:
    rng = np.random.default_rng(1)
    azimuths = np.angle([draw_complex((1.0, 2.0), rng) for _ in range(2000)])
    assert kstest((azimuths + np.pi) / (2 * np.pi), "uniform").pvalue > 0.01

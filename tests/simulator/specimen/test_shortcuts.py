"""No shortcut to the class: neither the size nor the projected area says more than a guess."""

from __future__ import annotations

import numpy as np

from simulator.exit_waves.simulate import projection_mask
from simulator.specimen.particle import build
from tests.bench.shortcuts import SHAPES, accuracy, bounds, outline_features, sample


def test_the_size_alone_is_a_guess() -> None:
    """Small particles, whose shells are fewest and would tell most."""
    labels, sizes, outlines = sample(240, seed=3, diameter_nm=(2.0, 4.0))
    low, high = bounds(1 / len(SHAPES), 120)
    assert low <= accuracy(labels, sizes)[0] <= high
    told, tested = accuracy(labels, outlines)
    assert tested == 120
    assert told > high, "outlines do tell something: the test can see a shortcut where there is one"


def test_closed_shells_would_be_found_out() -> None:
    """Particles whose size follows their class, as shells do, are told by their size at once."""
    labels = np.arange(200) % 5
    sizes = (4 + 0.1 * labels + np.random.default_rng(1).normal(0, 0.02, 200))[:, None]
    assert accuracy(labels, sizes)[0] > 0.9


def test_features_of_an_outline_do_not_change_with_a_turn() -> None:
    at_nm = build("cube", "Au", 3.0, np.random.default_rng(4)).positions_nm.astype(np.float64)
    turned = at_nm[:, [1, 0, 2]] * [1, -1, 1]
    one, two = (outline_features(projection_mask(at + 128 * 0.06, 256, 0.06)) for at in (at_nm, turned))
    assert np.allclose(one[:5], two[:5], atol=0.05)

"""A wide film from pieces of a narrow one."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.scenes.film_texture import wide_film
from tests.simulator.discs import texture


def test_a_sewn_film_is_as_strong_and_as_grainy_everywhere() -> None:
    """Mean and variance of the phase in the seams are those of the pieces; their spectrum is as white."""
    small = texture(640)
    wide = wide_film(small, 1500, np.random.default_rng(3))
    phase = np.angle(wide.wave)
    assert phase.mean() == pytest.approx(np.angle(small.wave).mean(), abs=0.002)
    blocks = phase[:1472, :1472].reshape(23, 64, 23, 64).std((1, 3))
    assert blocks.mean() == pytest.approx(0.05, rel=0.02)
    assert blocks.std() < 0.0015
    assert abs(np.corrcoef(phase[:, :-1].ravel(), phase[:, 1:].ravel())[0, 1]) < 0.01
    assert np.abs(np.log(np.abs(wide.wave)) + 0.02).max() < 1e-5

"""Shapes by their names."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.specimen.particle import build


def test_an_unknown_shape_or_metal_is_named() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="no shape 'egg'"):
        build("egg", "Au", 5.0, rng)
    with pytest.raises(ValueError, match="no fcc metal 'Fe'"):
        build("cube", "Fe", 5.0, rng)

"""A ball without order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.stats import kstest

from simulator.specimen.elements import FCC
from simulator.specimen.orientation import matrix
from simulator.specimen.particle import Particle, build
from tests.simulator.specimen.bonds import bonds


def test_a_ball_without_order_has_no_lattice_and_no_overlap() -> None:
    """Directions of bonds are spread evenly, where a crystal has twelve; no two atoms share a place."""
    ball = build("amorphous", "Au", 4.0, np.random.default_rng(3))
    at_nm = ball.positions_nm.astype(np.float64)
    assert np.isnan(ball.zone_angle_deg)
    assert ball.diameter_nm == pytest.approx(4.0, rel=0.08)
    assert cKDTree(at_nm).query(at_nm, k=2)[0][:, 1].mean() > 0.7 * FCC["Au"].neighbour_nm
    along = [bonds(p.positions_nm.astype(np.float64), 0.2884)[0] @ matrix(p.quaternion) for p in (ball, _gold_cube())]
    cosine = [np.abs(b / np.linalg.norm(b, axis=1, keepdims=True))[:, 0] for b in along]
    assert kstest(cosine[0], "uniform").statistic < 0.05
    assert kstest(cosine[1], "uniform").statistic > 0.2


def _gold_cube() -> Particle:
    return build("cube", "Au", 4.0, np.random.default_rng(3))

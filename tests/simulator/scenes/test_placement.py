"""Placing particles: none over another, some touching."""

from __future__ import annotations

import numpy as np

from simulator.propagation.grid import Grid
from simulator.scenes.composition import compose
from simulator.scenes.placement import scatter
from tests.simulator.discs import small_disc


def test_particles_do_not_overlap_and_some_touch() -> None:
    rng = np.random.default_rng(5)
    grid = Grid(size_px=640, pixel_size_nm=0.032)
    placed = scatter([small_disc() for _ in range(12)], grid, rng, touching_share=0.5)
    assert len(placed) >= 8
    field = compose(None, placed, grid, 300.0)
    whole = [p for p in placed if 48 <= p.y_px < 592 and 48 <= p.x_px < 592]
    counts = [(field.labels == 1 + placed.index(p)).sum() for p in whole]
    assert min(counts) > 0.97 * small_disc().mask.sum()

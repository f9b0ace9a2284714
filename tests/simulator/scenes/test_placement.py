"""Placing particles: none over another, some touching."""

from __future__ import annotations

import numpy as np

from simulator.exit_waves.simulate import ParticleWave
from simulator.propagation.grid import Grid
from simulator.scenes.composition import compose
from simulator.scenes.placement import scatter


def _disc(radius_nm: float = 1.0, energy_kev: float = 300.0) -> ParticleWave:
    at = (np.arange(96) - 48) * 0.032
    mask = at[:, None] ** 2 + at[None, :] ** 2 <= radius_nm**2
    return ParticleWave(
        index=0,
        wave=np.where(mask, np.exp(0.5j), 1).astype(np.complex64),
        mask=mask,
        shape="cube",
        element="Au",
        energy_kev=energy_kev,
        diameter_nm=2 * radius_nm,
        depth_nm=0.0,
        zone_angle_deg=0.0,
        quaternion=np.array([1.0, 0, 0, 0]),
    )


def test_particles_do_not_overlap_and_some_touch() -> None:
    rng = np.random.default_rng(5)
    grid = Grid(size_px=640, pixel_size_nm=0.032)
    placed = scatter([_disc() for _ in range(12)], grid, rng, touching_share=0.5)
    assert len(placed) >= 8
    field = compose(None, placed, grid, 300.0)
    whole = [p for p in placed if 48 <= p.y_px < 592 and 48 <= p.x_px < 592]
    counts = [(field.labels == 1 + placed.index(p)).sum() for p in whole]
    assert min(counts) > 0.97 * _disc().mask.sum()

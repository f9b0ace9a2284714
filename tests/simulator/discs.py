"""Cheap particle waves for tests of places and truth: phase discs and crosses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.exit_waves.simulate import FilmWave, ParticleWave

PIXEL_SIZE_NM = 0.032


def disc(radius_nm: float = 1.5, *, index: int = 0, side_px: int = 160, long: float = 1.0) -> ParticleWave:
    """A phase object of 0.5 rad; `long` stretches it along x."""
    at = (np.arange(side_px) - side_px // 2) * PIXEL_SIZE_NM
    mask = at[:, None] ** 2 + (at[None, :] / long) ** 2 <= radius_nm**2
    return ParticleWave(
        index=index,
        wave=np.where(mask, np.exp(0.5j), 1).astype(np.complex64),
        mask=mask,
        shape="cube",
        element="Au",
        energy_kev=300.0,
        diameter_nm=2 * radius_nm,
        depth_nm=0.0,
        zone_angle_deg=0.0,
        quaternion=np.array([1.0, 0, 0, 0]),
    )


def texture(side_px: int, seed: int = 1) -> FilmWave:
    """A weak white phase film with a mean phase and absorption."""
    noise = np.random.default_rng(seed).normal(0, 0.05, (side_px, side_px))
    wave = np.exp(-0.02 + 1j * (0.3 + noise)).astype(np.complex64)
    return FilmWave(index=0, wave=wave, energy_kev=300.0, thickness_nm=2.0)


def small_disc(radius_nm: float = 1.0, *, energy_kev: float = 300.0) -> ParticleWave:
    """A disc in the smallest square that leaves it room."""
    return replace(disc(radius_nm, side_px=96), energy_kev=energy_kev)

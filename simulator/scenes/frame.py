"""Whole camera frames: the grid of a field that is wide enough, and a frame as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.fft import next_fast_len

from simulator.propagation.grid import Grid
from simulator.scenes.composition import RIM_NM
from simulator.scenes.exposure import Exposure


def field_grid(size_px: int, pixel_size_nm: float, wave_pixel_nm: float) -> Grid:
    """The waves' grid for a camera of so many pixels: as wide as the camera and its rim, of a length that is fast.

    Raises:
        ValueError: size or pixel size is not positive.
    """
    if not (size_px > 0 and pixel_size_nm > 0):
        raise ValueError(f"a frame needs a positive size and pixel size, got {size_px} px of {pixel_size_nm} nm")
    wanted = int(np.ceil((size_px * pixel_size_nm + 2 * RIM_NM) / wave_pixel_nm))
    return Grid(size_px=int(next_fast_len(wanted + wanted % 2, real=False)), pixel_size_nm=wave_pixel_nm)


def save_frame(frame: Exposure, path: Path) -> None:
    """An .npz: counts and labels (n, n), what was set, and one entry per particle of everything in `TrueParticle`.

    Raises:
        OSError: the file cannot be written.
    """
    particles = frame.truth.particles
    content: dict[str, Any] = {
        "counts": frame.counts,
        "labels": frame.truth.labels.astype(np.uint16),
        "pixel_size_nm": frame.pixel_size_nm,
        "dose_e_per_a2": frame.dose_e_per_a2,
        "film_nm": frame.film_nm,
        "energy_kev": frame.optics.energy_kev,
        "c1_nm": frame.optics.c1_nm,
        "c3_nm": frame.optics.c3_nm,
        "focal_spread_nm": frame.optics.focal_spread_nm,
        "convergence_mrad": frame.optics.convergence_mrad,
        "y_px": np.array([p.y_px for p in particles]),
        "x_px": np.array([p.x_px for p in particles]),
        "identity": np.array([p.identity for p in particles], dtype=np.int64),
        "diameter_nm": np.array([p.diameter_nm for p in particles]),
        "seen_share": np.array([p.seen_share for p in particles]),
        "touches_border": np.array([p.touches_border for p in particles], dtype=bool),
        "shape": np.array([p.shape for p in particles], dtype=str),
        "element": np.array([p.element for p in particles], dtype=str),
        "quaternion": np.array([p.quaternion for p in particles]).reshape(-1, 4),
        "zone_angle_deg": np.array([p.zone_angle_deg for p in particles]),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **content)

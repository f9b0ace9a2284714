"""Results of frames, made without a frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.core.results import FrameResult, Particle
from agent.core.statistics.accumulate import Stats, empty, fold
from agent.core.tracking import Tracks, follow, no_tracks

CLASSES = ("a", "b")


def particle(y_nm: float, x_nm: float, p: float = 0.9, diameter_nm: float = 5.0, border: bool = False) -> Particle:
    """One that is of class a with probability `p`."""
    best = "a" if p > 0.5 else "b"
    return Particle(
        y_px=y_nm * 20,
        x_px=x_nm * 20,
        diameter_nm=diameter_nm,
        outline_px=np.zeros((3, 2), np.float32),
        score=1.0,
        touches_border=border,
        shape=best,
        confidence=max(p, 1 - p),
        probabilities=np.array([p, 1 - p]),
    )


def result(frame: int, particles: Sequence[Particle]) -> FrameResult:
    """Those particles in a frame of 0.05 nm a pixel."""
    return FrameResult(sequence=frame, camera_time_s=float(frame), pixel_size_nm=0.05, particles=tuple(particles))


def run(frames: Sequence[Sequence[Particle]]) -> tuple[Stats, Tracks]:
    """The statistics and tracks after those frames."""
    stats, tracks = empty(CLASSES), no_tracks()
    for n, particles in enumerate(frames):
        one = result(n, particles)
        tracks, numbers = follow(tracks, one)
        stats = fold(stats, one, numbers)
    return stats, tracks

"""What one frame yields."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outline:
    """One detected particle, before anything is known of its shape."""

    y_px: float
    """Of the centre, in pixels of the full frame; (0, 0) is the centre of the first pixel."""
    x_px: float
    """Of the centre, as `y_px`."""
    diameter_nm: float
    """Of the circle of the same area as the outline."""
    outline_px: NDArray[np.float32]
    """(n, 2), y then x, pixels of the full frame."""
    touches_border: bool
    """Cut by the edge of the frame."""
    score: float
    """Mean of the particle map inside the outline."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Particle(Outline):
    """One particle in one frame: a detected outline with an answer."""

    shape: str
    """A class, or ``unknown``."""
    confidence: float
    """Calibrated probability of the likeliest class."""
    probabilities: NDArray[np.float64]
    """(k,), calibrated, in the order of the classifier card's classes."""


def classified(outline: Outline, shape: str, confidence: float, probabilities: NDArray[np.float64]) -> Particle:
    """The particle of an outline; whatever an outline has, the particle has. `probabilities` are (k,)."""
    measured = {f.name: getattr(outline, f.name) for f in fields(Outline)}
    return Particle(**measured, shape=shape, confidence=confidence, probabilities=probabilities)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameResult:
    """All particles of one frame."""

    sequence: int
    """The sender's frame number."""
    camera_time_s: float
    """Unix time of the exposure."""
    pixel_size_nm: float
    """With which the frame was analysed."""
    particles: tuple[Particle, ...]
    """In no particular order."""


class UnusableFrame(ValueError):
    """The frame's pixels cannot be analysed (constant, not finite, too small); the text says why."""


class NoPixelSize(UnusableFrame):
    """The frame does not say its pixel size and no override was given."""

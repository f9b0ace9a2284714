"""What one frame yields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Particle:
    """One particle in one frame."""

    y_px: float
    x_px: float
    """Centre, pixels of the full frame; (0, 0) is the centre of the first pixel."""
    diameter_nm: float
    """Of the circle of the same area as the outline."""
    outline_px: NDArray[np.float32]
    """(n, 2), y then x, pixels of the full frame."""
    touches_border: bool
    """Cut by the edge of the frame."""
    score: float
    """Mean of the particle map inside the outline."""
    shape: str
    """A class, or ``unknown``."""
    confidence: float
    """Calibrated probability of the likeliest class."""
    probabilities: NDArray[np.float64]
    """(k,), calibrated, in the order of the classifier card's classes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameResult:
    """All particles of one frame."""

    sequence: int
    camera_time_s: float
    pixel_size_nm: float
    particles: tuple[Particle, ...]


class UnusableFrame(ValueError):
    """The frame's pixels cannot be analysed (constant, not finite, too small); the text says why."""


class NoPixelSize(UnusableFrame):
    """The frame does not say its pixel size and no override was given."""

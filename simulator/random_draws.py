"""Numbers drawn from the ranges of a recipe."""

from __future__ import annotations

import numpy as np

Range = tuple[float, float]
"""(low, high), both allowed."""


def draw(value: Range, rng: np.random.Generator) -> float:
    """Uniform in a range."""
    return float(rng.uniform(*value))


def draw_log(value: Range, rng: np.random.Generator) -> float:
    """Log-uniform in a range of positive numbers."""
    return float(np.exp(rng.uniform(np.log(value[0]), np.log(value[1]))))


def draw_complex(value: Range, rng: np.random.Generator) -> complex:
    """Magnitude uniform in a range, azimuth uniform."""
    return complex(draw(value, rng) * np.exp(1j * rng.uniform(0, 2 * np.pi)))

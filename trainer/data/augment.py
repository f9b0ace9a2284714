"""Samples seen from other sides. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

KNOTS = 6
"""Of a random gain over spatial frequency, from zero to the corner of the spectrum."""
GAIN_SIGMA = 0.3
"""Of its logarithm at a knot."""
BEND = 0.15
"""Largest curvature of a random contrast."""


def dihedral(sample: NDArray[Any], which: int) -> NDArray[Any]:
    """One of the eight turns and flips (0 to 7) of the last two axes; 0 leaves the sample as it is."""
    turned = np.rot90(sample, which % 4, (-2, -1))
    return turned[..., ::-1] if which >= 4 else turned


def perturb(patch: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A normalised patch (p, p) moved by up to two pixels, and every third with more noise than it came with.

    Half of them are seen through another transfer and contrast: no simulator, ours included, has the microscope's.
    """
    moved = np.roll(patch, tuple(int(n) for n in rng.integers(-2, 3, 2)), (0, 1))
    if rng.random() < 1 / 3:
        sigma = rng.uniform(0, 0.6)
        moved = (moved + sigma * rng.standard_normal(patch.shape, dtype=np.float32)) / np.sqrt(1 + sigma**2)
    if rng.random() < 1 / 2:
        moved = curved_contrast(random_transfer(moved, rng), float(rng.uniform(-BEND, BEND)))
    return np.asarray(moved, dtype=np.float32)


def random_transfer(patch: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A patch (p, p) through a random, real, positive, isotropic gain; its mean and spread stay."""
    spectrum = scipy.fft.rfft2(patch)
    radius = np.hypot(scipy.fft.fftfreq(patch.shape[0])[:, None], scipy.fft.rfftfreq(patch.shape[1])[None])
    knots = np.linspace(0, 0.5**0.5, KNOTS)
    gain = np.exp(np.interp(radius, knots, rng.normal(0, GAIN_SIGMA, KNOTS))).astype(np.float32)
    return _like(scipy.fft.irfft2(spectrum * gain, patch.shape), patch)


def curved_contrast(patch: NDArray[np.float32], bend: float) -> NDArray[np.float32]:
    """A patch of mean 0 and spread 1 with another contrast: x + bend x^2 while that rises; mean and spread stay."""
    x = np.clip(patch, -0.4 / BEND, 0.4 / BEND)
    return _like(patch + bend * x * x, patch)


def _like(changed: NDArray[np.float32], patch: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled = (changed - changed.mean()) * (patch.std() / max(float(changed.std()), 1e-6)) + patch.mean()
    return np.asarray(scaled, dtype=np.float32)

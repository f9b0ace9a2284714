"""Clean intensity to camera counts: dose, Poisson, MTF, gain, read-out, faults, saturation. No torch.

Order (field.md of the design; C. Boothroyd et al., Ultramicroscopy 129 (2013) 18): electrons arrive as Poisson noise,
the detector spreads each one (MTF on signal and shot noise alike, NPS = MTF^2), then gain, read-out noise and offset.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, rfft2

FULL_SCALE_COUNTS = 65535


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Camera:
    """A camera. Hot and dead pixels are shares of all pixels."""

    mtf: str = "direct"
    """``direct``: sinc(q). ``scintillator``: 1 / (1 + (q / 0.3)^1.6). ``none``. ``measured``: `curve`."""
    curve: NDArray[np.float64] | None = None
    """(n, 2): q in cycles a pixel, rising, and MTF; for ``measured``."""
    gain_counts_per_e: float = 1.0
    readout_counts: float = 0.0
    """Standard deviation."""
    offset_counts: float = 0.0
    hot_share: float = 0.0
    dead_share: float = 0.0

    def __post_init__(self) -> None:
        if self.mtf not in ("none", "direct", "scintillator", "measured"):
            raise ValueError(f"mtf must be none, direct, scintillator or measured, got {self.mtf!r}")
        if (self.mtf == "measured") != (self.curve is not None):
            raise ValueError("a measured MTF needs its curve, and only a measured one has one")


def mtf(camera: Camera, q_per_px: NDArray[np.floating]) -> NDArray[np.float64]:
    """Modulation transfer at spatial frequencies in cycles a pixel; 1 at 0."""
    if camera.mtf == "direct":
        return np.asarray(np.sinc(q_per_px), dtype=np.float64)
    if camera.mtf == "scintillator":
        return np.asarray(1 / (1 + (q_per_px / 0.3) ** 1.6), dtype=np.float64)
    if camera.curve is not None:
        return np.interp(q_per_px, camera.curve[:, 0], camera.curve[:, 1])
    return np.ones_like(q_per_px, dtype=np.float64)


def expose(
    intensity: NDArray[np.floating],
    pixel_size_nm: float,
    dose_e_per_a2: float,
    camera: Camera,
    rng: np.random.Generator,
) -> NDArray[np.uint16]:
    """Counts (h, w) of one exposure; `intensity` (h, w) is one in vacuum, the dose is at the specimen.

    Raises:
        ValueError: dose or pixel size is not positive.
    """
    if not (dose_e_per_a2 > 0 and pixel_size_nm > 0):
        raise ValueError(f"dose and pixel size must be positive, got {dose_e_per_a2} e/A^2 and {pixel_size_nm} nm")
    electrons_per_px = dose_e_per_a2 * (pixel_size_nm * 10) ** 2
    electrons = rng.poisson(np.clip(intensity, 0, None) * electrons_per_px).astype(np.float32)
    if camera.mtf != "none":
        height, width = electrons.shape
        q_y, q_x = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
        transfer = mtf(camera, np.hypot(q_y, q_x)).astype(np.float32)
        electrons = irfft2(rfft2(electrons) * transfer, s=electrons.shape)
    counts = electrons * camera.gain_counts_per_e + camera.offset_counts
    counts += camera.readout_counts * rng.standard_normal(counts.shape, dtype=np.float32)
    fault = rng.random(counts.shape, dtype=np.float32)
    hot_counts = counts.mean() + 30 * counts.std() + 10
    counts[fault < camera.hot_share] = hot_counts
    counts[fault > 1 - camera.dead_share] = 0
    return np.asarray(np.clip(np.rint(counts), 0, FULL_SCALE_COUNTS), dtype=np.uint16)

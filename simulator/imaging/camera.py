"""Clean intensity to camera counts: dose, Poisson, MTF, gain, read-out, faults, saturation. No torch.

Order (C. Boothroyd et al., Ultramicroscopy 129 (2013) 18): electrons arrive as Poisson noise,
the detector spreads each one (MTF on signal and shot noise alike, NPS = MTF^2), then gain, read-out noise and offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
    """(n, 2): q in cycles per pixel, rising, and MTF; for ``measured``."""
    noise_curve: NDArray[np.float64] | None = None
    """(n, 2): q in cycles per pixel, rising, and noise transfer; where there is none, shot noise follows the MTF."""
    gain_counts_per_e: float = 1.0
    """Mean counts of one electron."""
    gain_spread: float = 0.0
    """Standard deviation of the counts of one electron, as a share of the gain."""
    readout_counts: float = 0.0
    """Standard deviation of the read-out noise of a pixel."""
    offset_counts: float = 0.0
    """Counts without a beam."""
    hot_share: float = 0.0
    """Of pixels that stand far above all others."""
    dead_share: float = 0.0
    """Of pixels that count nothing."""

    def __post_init__(self) -> None:
        if self.mtf not in ("none", "direct", "scintillator", "measured"):
            raise ValueError(f"mtf must be none, direct, scintillator or measured, got {self.mtf!r}")
        if (self.mtf == "measured") != (self.curve is not None):
            raise ValueError("a measured MTF needs its curve, and only a measured one has one")


def mtf(camera: Camera, q_per_px: NDArray[np.floating]) -> NDArray[np.float64]:
    """Modulation transfer at spatial frequencies in cycles per pixel; 1 at 0."""
    if camera.mtf == "direct":
        return np.asarray(np.sinc(q_per_px), dtype=np.float64)
    if camera.mtf == "scintillator":
        return np.asarray(1 / (1 + (q_per_px / 0.3) ** 1.6), dtype=np.float64)
    if camera.curve is not None:
        return np.interp(q_per_px, camera.curve[:, 0], camera.curve[:, 1])
    return np.ones_like(q_per_px, dtype=np.float64)


def read_curve(path: Path) -> NDArray[np.float64]:
    """A measured curve from a CSV file, (n, 2): q in cycles per pixel, transfer. Lines that begin with # are skipped.

    Raises:
        ValueError: not two numbers per line, q does not rise from 0 to 0.5 or more, or transfer is not 1 (within 2 %)
            at 0 and between 0 and 1.2 elsewhere; says which file and what came.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                q_per_px, transfer = (float(cell) for cell in line.split(","))
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: two numbers, q and transfer, wanted, got {line!r}") from error
            rows.append((q_per_px, transfer))
    curve = np.array(rows, dtype=np.float64).reshape(-1, 2)
    if len(curve) < 2 or curve[0, 0] != 0 or not (np.diff(curve[:, 0]) > 0).all() or not curve[-1, 0] >= 0.5:
        raise ValueError(f"{path}: q must rise from 0 to 0.5 cycles per pixel or more, got {curve[:, 0].tolist()[:8]}")
    if not (abs(curve[0, 1] - 1) <= 0.02 and (curve[:, 1] >= 0).all() and (curve[:, 1] <= 1.2).all()):
        raise ValueError(f"{path}: transfer must be 1 at q = 0 and 0 to 1.2 elsewhere, got {curve[:, 1].tolist()[:8]}")
    return curve


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
    # Poisson noise of the electrons that arrive.
    electrons_per_px = dose_e_per_a2 * (pixel_size_nm * 10) ** 2
    expected = np.clip(intensity, 0, None) * electrons_per_px
    electrons = rng.poisson(expected).astype(np.float32)
    # Every electron gives as many counts on average, spread over the neighbours as the MTF says.
    if camera.gain_spread > 0:
        electrons += camera.gain_spread * np.sqrt(electrons) * rng.standard_normal(electrons.shape, dtype=np.float32)
    electrons = _spread(electrons, np.asarray(expected, dtype=np.float32), camera)
    # Gain, offset and read-out noise.
    counts = electrons * camera.gain_counts_per_e + camera.offset_counts
    counts += camera.readout_counts * rng.standard_normal(counts.shape, dtype=np.float32)
    # Faults, drawn for every exposure, then whole counts within 16 bits.
    fault = rng.random(counts.shape, dtype=np.float32)
    hot_counts = counts.mean() + 30 * counts.std() + 10
    counts[fault < camera.hot_share] = hot_counts
    counts[fault > 1 - camera.dead_share] = 0
    return np.asarray(np.clip(np.rint(counts), 0, FULL_SCALE_COUNTS), dtype=np.uint16)


def _spread(electrons: NDArray[np.float32], expected: NDArray[np.float32], camera: Camera) -> NDArray[np.float32]:
    """Electrons (h, w) as the detector spreads them: what is expected by the MTF, noise by the curve of its own."""
    if camera.mtf == "none" and camera.noise_curve is None:
        return electrons
    height, width = electrons.shape
    q_per_px = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    transfer = mtf(camera, q_per_px).astype(np.float32)
    if camera.noise_curve is None:
        return np.asarray(irfft2(rfft2(electrons) * transfer, s=electrons.shape))
    noise = np.interp(q_per_px, camera.noise_curve[:, 0], camera.noise_curve[:, 1]).astype(np.float32)
    both = rfft2(expected) * transfer + rfft2(electrons - expected) * noise
    return np.asarray(irfft2(both, s=electrons.shape))

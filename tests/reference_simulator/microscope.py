"""Exit waves to camera counts by abTEM's transfer function and a camera written anew.

C1 > 0 is overfocus and counts from the particle's mid-plane; abTEM's C10 is C1 (its `defocus` is -C10) and counts from
the wave's own plane. abTEM's C21 is three times B2; C12, C23, C30 are A1, A2, C3. The focal spread (1/e half width) is
a sum of images over foci, because abTEM's own envelope for it is quasi-coherent; the source's semi-angle (1/e half
width) is abTEM's envelope at each focus.
"""

from __future__ import annotations

from dataclasses import dataclass

import abtem
import numpy as np
from numpy.typing import NDArray
from scipy.fft import fft2, fftfreq, ifft2
from scipy.ndimage import fourier_gaussian
from scipy.signal import resample

from tests.reference_simulator.wave import SETTINGS, ExitWave

FOCI_SIGMA = np.linspace(-2.8, 2.8, 9)
"""Trapezoid rule over a normal distribution: steps of 0.7 sigma are exact to 1e-4 for all that the lens transmits."""
RIM_NM = 0.4
"""Of the box, not seen by the camera: particle and film do not continue periodically."""
FULL_SCALE = 2**16 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """A state of the microscope; azimuths in rad."""

    c1_nm: float
    c3_nm: float
    a1_nm: tuple[float, float]
    b2_nm: tuple[float, float]
    a2_nm: tuple[float, float]
    """Magnitude and azimuth."""
    focal_spread_nm: float
    convergence_mrad: float
    blur_nm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """A camera and its exposure."""

    pixel_size_nm: float
    dose_e_per_a2: float
    scintillator: bool
    gain_counts_per_e: float
    readout_counts: float
    offset_counts: float
    faulty_share: float
    """Of pixels, half of them hot, half of them dead."""


def draw_lens(rng: np.random.Generator) -> Lens:
    """The envelope of the task, corrected microscopes."""

    def azimuthal(largest: float) -> tuple[float, float]:
        return float(rng.uniform(0, largest)), float(rng.uniform(-np.pi, np.pi))

    return Lens(
        c1_nm=float(rng.uniform(-20, 20)),
        c3_nm=float(rng.uniform(-15e3, 15e3)),
        a1_nm=azimuthal(3),
        b2_nm=azimuthal(100),
        a2_nm=azimuthal(100),
        focal_spread_nm=float(rng.uniform(1, 5)),
        convergence_mrad=float(rng.uniform(0.05, 0.5)),
        blur_nm=float(rng.uniform(0.010, 0.050)),
    )


def draw_sensor(rng: np.random.Generator) -> Sensor:
    """The envelope of the task."""
    return Sensor(
        pixel_size_nm=float(rng.uniform(0.020, 0.060)),
        dose_e_per_a2=float(10 ** rng.uniform(2, 4)),
        scintillator=bool(rng.random() < 0.5),
        gain_counts_per_e=float(rng.uniform(1, 20)),
        readout_counts=float(rng.uniform(0.2, 3)),
        offset_counts=float(rng.uniform(0, 200)),
        faulty_share=float(rng.uniform(0, 3e-5)),
    )


def intensity(wave: ExitWave, lens: Lens) -> NDArray[np.float64]:
    """(x, y) on the wave's grid, one in vacuum, before any blur."""
    weights = np.exp(-(FOCI_SIGMA**2) / 2)
    foci_nm = lens.c1_nm - wave.behind_nm + lens.focal_spread_nm / 2**0.5 * FOCI_SIGMA
    (a1, phi12), (b2, phi21), (a2, phi23) = lens.a1_nm, lens.b2_nm, lens.a2_nm
    with abtem.config.set(SETTINGS):
        images = wave.waves.apply_ctf(
            abtem.CTF(
                C10=10 * foci_nm,
                C12=10 * a1,
                phi12=phi12,
                C21=30 * b2,
                phi21=phi21,
                C23=10 * a2,
                phi23=phi23,
                C30=10 * lens.c3_nm,
                angular_spread=lens.convergence_mrad,
            )
        ).intensity()
    return np.asarray(np.tensordot(weights / weights.sum(), np.asarray(images.array, dtype=np.float64), 1))


def photograph(
    seen: NDArray[np.float64], width_nm: float, blur_nm: float, sensor: Sensor, rng: np.random.Generator
) -> tuple[NDArray[np.uint16], float, float]:
    """(counts (y, x), pixel size in nm, rim in nm): an intensity (x, y) of a square of `width_nm`, blurred, sampled,
    exposed. The pixel size is the nearest that divides the square."""
    blurred = ifft2(fourier_gaussian(fft2(seen), blur_nm / width_nm * len(seen))).real
    side_px = round(width_nm / sensor.pixel_size_nm)
    pixel_nm = width_nm / side_px
    sampled = resample(resample(blurred, side_px, axis=0), side_px, axis=1).T
    rim_px = int(np.ceil(RIM_NM / pixel_nm))
    inner = sampled[rim_px:-rim_px, rim_px:-rim_px]
    electrons = rng.poisson(np.maximum(inner, 0) * sensor.dose_e_per_a2 * (10 * pixel_nm) ** 2)
    q = np.hypot(*np.meshgrid(*(fftfreq(n) for n in electrons.shape), indexing="ij"))
    transfer = 1 / (1 + (q / 0.3) ** 1.6) if sensor.scintillator else np.sinc(q)
    counts = sensor.gain_counts_per_e * ifft2(fft2(electrons) * transfer).real + sensor.offset_counts
    counts += rng.normal(0, sensor.readout_counts, counts.shape)
    fault = rng.random(counts.shape)
    counts[fault < sensor.faulty_share / 2] = 0
    counts[fault > 1 - sensor.faulty_share / 2] = 20 * counts.max()
    return np.clip(np.rint(counts), 0, FULL_SCALE).astype(np.uint16), pixel_nm, rim_px * pixel_nm

"""A field and a draw from the envelope to camera counts: one exposure with everything that was drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.camera import Camera, expose
from simulator.fields import Field, sampled
from simulator.optics import Optics, intensity_spectrum
from simulator.recipe import Envelope, draw, draw_complex, draw_log

RIM_NM = 0.8
"""Width of the field's rim that the camera does not see."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposure:
    """Camera counts and the conditions behind them."""

    counts: NDArray[np.uint16]
    """(h, w)."""
    pixel_size_nm: float
    corner_nm: float
    """How far the camera's upper left corner lies inside the field's, along both axes."""
    dose_e_per_a2: float
    optics: Optics


def draw_optics(envelope: Envelope, energy_kev: float, rng: np.random.Generator) -> Optics:
    """A state of the microscope, with or without a corrector and an objective aperture."""
    corrected = rng.random() >= envelope.uncorrected_share
    through_aperture = rng.random() < envelope.aperture_share
    return Optics(
        energy_kev=energy_kev,
        c1_nm=draw(envelope.c1_nm if corrected else envelope.uncorrected_c1_nm, rng),
        c3_nm=draw(envelope.c3_nm if corrected else envelope.uncorrected_c3_nm, rng),
        a1_nm=draw_complex(envelope.a1_nm, rng),
        b2_nm=draw_complex(envelope.b2_nm, rng),
        a2_nm=draw_complex(envelope.a2_nm, rng),
        focal_spread_nm=draw(envelope.focal_spread_nm, rng),
        convergence_mrad=draw(envelope.convergence_mrad, rng),
        aperture_per_nm=draw(envelope.aperture_per_nm, rng) if through_aperture else float("inf"),
        blur_nm=draw(envelope.blur_nm, rng),
    )


def draw_camera(envelope: Envelope, rng: np.random.Generator) -> Camera:
    """A camera of either kind; no two scintillators are alike."""
    q_per_px = np.linspace(0, 0.75, 76)
    q0, power = draw(envelope.scintillator_q0_per_px, rng), draw(envelope.scintillator_power, rng)
    scintillator = rng.random() < envelope.scintillator_share
    return Camera(
        mtf="measured" if scintillator else "direct",
        curve=np.stack([q_per_px, 1 / (1 + (q_per_px / q0) ** power)], 1) if scintillator else None,
        gain_counts_per_e=draw_log(envelope.gain_counts_per_e, rng),
        readout_counts=draw(envelope.readout_counts, rng),
        offset_counts=draw(envelope.offset_counts, rng),
        hot_share=draw(envelope.hot_share, rng),
        dead_share=draw(envelope.dead_share, rng),
    )


def illumination(shape_px: tuple[int, int], envelope: Envelope, rng: np.random.Generator) -> NDArray[np.float32]:
    """A plane of mean one, (h, w): the beam is not quite centred."""
    angle, slope = rng.uniform(0, 2 * np.pi), draw(envelope.illumination_slope, rng)
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape_px)
    return np.asarray(1 + slope * (np.sin(angle) * y[:, None] + np.cos(angle) * x[None, :]) / np.sqrt(2), np.float32)


def draw_exposure(field: Field, envelope: Envelope, rng: np.random.Generator) -> Exposure:
    """Lens, dose and camera afresh for one field."""
    return draw_exposures(field, envelope, rng, 1)[0]


def draw_exposures(field: Field, envelope: Envelope, rng: np.random.Generator, cameras: int) -> list[Exposure]:
    """One state of the lens, seen at `cameras` magnifications by as many cameras, each with its own dose."""
    optics = draw_optics(envelope, field.energy_kev, rng)
    # The source's envelope: images are made by the hundred thousand, and tilts of the beam make one 3 to 6 times as
    # dear, without a corrector 20 to 600 times. It is up to 1.1 % of an image's standard deviation off at 0.2 mrad and
    # 6 % at 0.5 mrad, without a corrector up to 10 % (`python -m tests.bench.lens`).
    spectrum = intensity_spectrum(field.wave, field.grid, optics, source_points=1)
    exposures = []
    for _ in range(cameras):
        camera_px = round(field.grid.width_nm / draw(envelope.camera_pixel_size_nm, rng))
        pixel_size_nm = field.grid.width_nm / camera_px
        # The field is periodic, its particles are not: fringes of the seam stay outside the camera.
        rim_px = int(np.ceil(RIM_NM / pixel_size_nm))
        dose = draw_log(envelope.dose_e_per_a2, rng)
        seen = sampled(spectrum, camera_px)[rim_px:-rim_px, rim_px:-rim_px]
        seen = seen * illumination((seen.shape[0], seen.shape[1]), envelope, rng)
        exposures.append(
            Exposure(
                counts=expose(seen, pixel_size_nm, dose, draw_camera(envelope, rng), rng),
                pixel_size_nm=pixel_size_nm,
                corner_nm=rim_px * pixel_size_nm,
                dose_e_per_a2=dose,
                optics=optics,
            )
        )
    return exposures

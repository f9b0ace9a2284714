"""A field and a draw from the envelope to camera counts: one exposure with everything that was drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.imaging.camera import expose
from simulator.imaging.conditions import draw_camera, draw_optics, illumination
from simulator.imaging.optics import Optics, intensity_spectrum
from simulator.recipe import Envelope, draw, draw_log
from simulator.scenes.composition import Field, sampled

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

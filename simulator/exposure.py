"""A field and a draw from the envelope to camera counts: one exposure with everything that was drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.camera import Camera, expose
from simulator.fields import Field, image
from simulator.optics import Optics
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
    """A state of the microscope."""
    return Optics(
        energy_kev=energy_kev,
        c1_nm=draw(envelope.c1_nm, rng),
        c3_nm=draw(envelope.c3_nm, rng),
        a1_nm=draw_complex(envelope.a1_nm, rng),
        b2_nm=draw_complex(envelope.b2_nm, rng),
        a2_nm=draw_complex(envelope.a2_nm, rng),
        focal_spread_nm=draw(envelope.focal_spread_nm, rng),
        convergence_mrad=draw(envelope.convergence_mrad, rng),
        blur_nm=draw(envelope.blur_nm, rng),
    )


def draw_camera(envelope: Envelope, rng: np.random.Generator) -> Camera:
    """A camera of either kind."""
    return Camera(
        mtf="scintillator" if rng.random() < envelope.scintillator_share else "direct",
        gain_counts_per_e=draw_log(envelope.gain_counts_per_e, rng),
        readout_counts=draw(envelope.readout_counts, rng),
        offset_counts=draw((0.0, 200.0), rng),
        hot_share=draw((0.0, 3e-5), rng),
        dead_share=draw((0.0, 3e-5), rng),
    )


def draw_exposure(field: Field, envelope: Envelope, rng: np.random.Generator) -> Exposure:
    """Lens, dose and camera afresh for one field."""
    wanted_nm = draw(envelope.camera_pixel_size_nm, rng)
    camera_px = round(field.grid.width_nm / wanted_nm)
    pixel_size_nm = field.grid.width_nm / camera_px
    # The field is periodic, its particles are not: fringes of the seam stay outside the camera.
    rim_px = int(np.ceil(RIM_NM / pixel_size_nm))
    optics = draw_optics(envelope, field.energy_kev, rng)
    dose = draw_log(envelope.dose_e_per_a2, rng)
    seen = image(field, optics, camera_px)[rim_px:-rim_px, rim_px:-rim_px]
    counts = expose(seen, pixel_size_nm, dose, draw_camera(envelope, rng), rng)
    return Exposure(
        counts=counts, pixel_size_nm=pixel_size_nm, corner_nm=rim_px * pixel_size_nm, dose_e_per_a2=dose, optics=optics
    )

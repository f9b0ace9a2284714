"""A state of the microscope and a camera, drawn from the envelope of a recipe; knows nothing of what is seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.imaging.aberrations import Optics
from simulator.imaging.camera import Camera
from simulator.random_draws import draw, draw_complex, draw_log
from simulator.recipe import Envelope


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

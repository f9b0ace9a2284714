"""A field of view to camera counts with their truth: by given conditions, or by ones drawn from a recipe's envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.imaging.aberrations import Optics
from simulator.imaging.camera import Camera, expose
from simulator.imaging.conditions import draw_camera, draw_optics, illumination
from simulator.imaging.image_formation import intensity_spectrum
from simulator.random_draws import draw, draw_log
from simulator.recipe import Envelope
from simulator.scenes.composition import RIM_NM, FieldOfView, clean_image, resampled_intensity
from simulator.scenes.truth import FrameTruth, View, frame_truth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposure:
    """Camera counts, what is in them, and the conditions behind them."""

    counts: NDArray[np.uint16]
    """(h, w)."""
    truth: FrameTruth
    """What lies where, in the counts' own pixels."""
    dose_e_per_a2: float
    """At the specimen."""
    optics: Optics
    """The state of the microscope."""
    film_nm: float
    """Thickness of the film; 0 for vacuum."""

    @property
    def pixel_size_nm(self) -> float:
        """Of the camera, at the specimen."""
        return self.truth.view.pixel_size_nm


def expose_field(
    field: FieldOfView,
    optics: Optics,
    camera: Camera,
    rng: np.random.Generator,
    *,
    size_px: int,
    pixel_size_nm: float,
    dose_e_per_a2: float,
    corner_nm: tuple[float, float] = (RIM_NM, RIM_NM),
    identities: Sequence[int] | None = None,
) -> Exposure:
    """Expose the square of `size_px` pixels whose corner lies `corner_nm` (y, x) inside the field.

    The true pixel size is within a half pixel per field of the one that is asked for: the field holds a whole number
    of them. `identities` are the placements' numbers in the truth, from 1 on where they are not given.

    Raises:
        ValueError: the camera would see beyond the field.
    """
    camera_px = round(field.grid.width_nm / pixel_size_nm)
    true_nm = field.grid.width_nm / camera_px
    top, left = (round(c / true_nm) for c in corner_nm)
    if min(top, left) < 0 or max(top, left) + size_px > camera_px:
        raise ValueError(f"{size_px} px from ({top}, {left}) do not lie in a field of {camera_px} px")
    view = View(
        corner_px=(top, left),
        shape_px=(size_px, size_px),
        pixel_size_nm=true_nm,
        field_pixel_size_nm=field.grid.pixel_size_nm,
    )
    seen = clean_image(field, optics, camera_px)[top : top + size_px, left : left + size_px]
    return Exposure(
        counts=expose(seen, true_nm, dose_e_per_a2, camera, rng),
        truth=frame_truth(field, view, identities=identities),
        dose_e_per_a2=dose_e_per_a2,
        optics=optics,
        film_nm=field.film_nm,
    )


def draw_exposure(
    field: FieldOfView, envelope: Envelope, rng: np.random.Generator, *, truth_step_px: int | None = None
) -> Exposure:
    """Lens, dose and camera afresh for one field; as `draw_exposures`."""
    return draw_exposures(field, envelope, rng, 1, truth_step_px=truth_step_px)[0]


def draw_exposures(
    field: FieldOfView,
    envelope: Envelope,
    rng: np.random.Generator,
    cameras: int,
    *,
    truth_step_px: int | None = None,
) -> list[Exposure]:
    """One state of the lens, seen at `cameras` magnifications by as many cameras, each with its own dose.

    `truth_step_px` is the `step_px` of `simulator.scenes.truth.frame_truth`.
    """
    optics = draw_optics(envelope, field.energy_kev, rng)
    # The source's envelope: images are made by the hundred thousand, and tilts of the beam take 3 to 6 times as long,
    # without a corrector 20 to 600 times. It is up to 1.1 % of an image's standard deviation off at 0.2 mrad and 6 % at
    # 0.5 mrad, without a corrector up to 10 % (`python -m tests.bench.lens`).
    spectrum = intensity_spectrum(field.wave, field.grid, optics, source_points=1)
    exposures = []
    for _ in range(cameras):
        # A whole number of pixels over the field, of which the rim's are not seen.
        camera_px = round(field.grid.width_nm / draw(envelope.camera_pixel_size_nm, rng))
        pixel_size_nm = field.grid.width_nm / camera_px
        rim_px = int(np.ceil(RIM_NM / pixel_size_nm))
        view = View(
            corner_px=(rim_px, rim_px),
            shape_px=(camera_px - 2 * rim_px, camera_px - 2 * rim_px),
            pixel_size_nm=pixel_size_nm,
            field_pixel_size_nm=field.grid.pixel_size_nm,
        )
        # The order of the draws (dose, illumination, camera, noise) is part of every data set's seed.
        dose_e_per_a2 = draw_log(envelope.dose_e_per_a2, rng)
        seen = resampled_intensity(spectrum, camera_px)[rim_px:-rim_px, rim_px:-rim_px]
        seen = seen * illumination((seen.shape[0], seen.shape[1]), envelope, rng)
        exposures.append(
            Exposure(
                counts=expose(seen, pixel_size_nm, dose_e_per_a2, draw_camera(envelope, rng), rng),
                truth=frame_truth(field, view, step_px=truth_step_px),
                dose_e_per_a2=dose_e_per_a2,
                optics=optics,
                film_nm=field.film_nm,
            )
        )
    return exposures

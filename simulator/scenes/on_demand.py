"""A recipe and a few wishes to whole frames and movies with their truth, and one file a frame.

Waves are simulated on the spot, so that no stock is needed. Lens, camera and dose are drawn from the envelope where
they are not given; always with a corrector: without one an image is blurred by tens of nanometres, farther than the
rim that the camera does not see (`frames.RIM_NM`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simulator.exit_waves.simulate import particle_of, wave_of
from simulator.imaging.camera import Camera
from simulator.imaging.conditions import draw_camera, draw_optics
from simulator.imaging.optics import Optics
from simulator.recipe import Envelope, WaveRecipe, draw, draw_log
from simulator.scenes.composition import place
from simulator.scenes.frame import WholeFrame, field_grid, film_on_demand, wide_film
from simulator.scenes.movie import MovieRecipe, script, shoot_movie, tumbling

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A frame that is asked for; what is None is drawn."""

    seed: int
    width_px: int
    pixel_size_nm: float
    energy_kev: float
    particles: int
    """Those that find no room are left out."""
    film_nm: float | None = None
    dose_e_per_a2: float | None = None
    c1_nm: float | None = None

    def __post_init__(self) -> None:
        if not (self.seed >= 0 and self.particles >= 0 and self.energy_kev > 0):
            raise ValueError(
                f"seed and particles are 0 or more and an energy is positive, "
                f"got {self.seed}, {self.particles} and {self.energy_kev} keV"
            )


def make_frame(recipe: WaveRecipe, envelope: Envelope, wish: Wish) -> WholeFrame:
    """One frame: the first of a movie in which nothing happens."""
    return next(make_movie(recipe, envelope, wish, MovieRecipe(frames=1)))


def make_movie(recipe: WaveRecipe, envelope: Envelope, wish: Wish, happening: MovieRecipe) -> Iterator[WholeFrame]:
    """Frame by frame, from the recipe, the wish and what happens alone; the focus starts where the lens is drawn.

    Raises:
        ValueError: size or pixel size is not positive.
    """
    rng = np.random.default_rng([wish.seed, wish.particles])
    optics, camera, dose_e_per_a2, film_nm = _conditions(recipe, envelope, wish, rng)
    # Room for the drift and twice the spread of the jitter; the view turns round where the field ends.
    room_nm = happening.frames * max(map(abs, happening.drift_nm)) + 2 * happening.jitter_nm * happening.frames**0.5
    wide_px = wish.width_px + int(np.ceil(room_nm / wish.pixel_size_nm)) if wish.pixel_size_nm > 0 else 0
    grid = field_grid(wide_px, wish.pixel_size_nm, recipe.pixel_size_nm)
    own = replace(recipe, seed=wish.seed, energies_kev=(wish.energy_kev,))
    made = [particle_of(own, index) for index in range(wish.particles)]
    waves = [
        wave_of(p.atoms, own, CPU, index=n, energy_kev=p.energy_kev, absorption=p.absorption)
        for n, p in enumerate(made)
    ]
    placed = place(waves, grid, rng, touching_share=envelope.touching_share)
    film = wide_film(film_on_demand(recipe, film_nm, wish.seed, wish.energy_kev), grid.size_px, rng)
    happening = replace(happening, focus_nm=optics.c1_nm)
    there = [item.particle for item in placed]
    return shoot_movie(
        placed,
        film,
        grid,
        optics,
        camera,
        script(happening, len(placed), room_nm, rng),
        wish.seed,
        size_px=wish.width_px,
        pixel_size_nm=wish.pixel_size_nm,
        dose_e_per_a2=dose_e_per_a2,
        tumble=tumbling([made[wave.index].atoms for wave in there], there, own),
    )


def _conditions(
    recipe: WaveRecipe, envelope: Envelope, wish: Wish, rng: np.random.Generator
) -> tuple[Optics, Camera, float, float]:
    """(lens, camera, dose, thickness of the film). All are drawn, whatever is wished: a wish changes nothing else."""
    optics = draw_optics(replace(envelope, uncorrected_share=0.0), wish.energy_kev, rng)
    camera = draw_camera(envelope, rng)
    dose_e_per_a2, film_nm = draw_log(envelope.dose_e_per_a2, rng), draw(recipe.film_nm, rng)
    return (
        optics if wish.c1_nm is None else replace(optics, c1_nm=wish.c1_nm),
        camera,
        dose_e_per_a2 if wish.dose_e_per_a2 is None else wish.dose_e_per_a2,
        film_nm if wish.film_nm is None else wish.film_nm,
    )


def save(frame: WholeFrame, path: Path) -> None:
    """An .npz: counts and labels (n, n), what was set, and one row a particle of everything in `frames.Truth`."""
    content: dict[str, Any] = {
        "counts": frame.counts,
        "labels": frame.labels.astype(np.uint16),
        "pixel_size_nm": frame.pixel_size_nm,
        "dose_e_per_a2": frame.dose_e_per_a2,
        "film_nm": frame.film_nm,
        "energy_kev": frame.optics.energy_kev,
        "c1_nm": frame.optics.c1_nm,
        "c3_nm": frame.optics.c3_nm,
        "focal_spread_nm": frame.optics.focal_spread_nm,
        "convergence_mrad": frame.optics.convergence_mrad,
        "y_px": np.array([p.y_px for p in frame.particles]),
        "x_px": np.array([p.x_px for p in frame.particles]),
        "identity": np.array([p.identity for p in frame.particles], dtype=np.int64),
        "diameter_nm": np.array([p.diameter_nm for p in frame.particles]),
        "seen_share": np.array([p.seen_share for p in frame.particles]),
        "touches_border": np.array([p.touches_border for p in frame.particles], dtype=bool),
        "shape": np.array([p.shape for p in frame.particles], dtype=str),
        "element": np.array([p.element for p in frame.particles], dtype=str),
        "quaternion": np.array([p.quaternion for p in frame.particles]).reshape(-1, 4),
        "zone_angle_deg": np.array([p.zone_angle_deg for p in frame.particles]),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **content)

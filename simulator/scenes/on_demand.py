"""A recipe and a request to whole frames and movies with their truth.

Waves are simulated on the spot, so that no store of exit waves is needed. Lens, camera and dose are drawn from the
envelope where they are not given; always with a corrector: without one an image is blurred by tens of nanometres,
farther than the rim that the camera does not see (`composition.RIM_NM`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from simulator.exit_waves.simulate import FilmWave, draw_particle, film_wave, simulate_wave
from simulator.imaging.aberrations import Optics
from simulator.imaging.camera import Camera
from simulator.imaging.conditions import draw_camera, draw_optics
from simulator.random_draws import draw, draw_log
from simulator.recipe import Envelope, WaveRecipe
from simulator.scenes.exposure import Exposure
from simulator.scenes.film_texture import wide_film
from simulator.scenes.frame import field_grid
from simulator.scenes.movie import MovieRecipe, draw_motion, expose_movie, tumbling
from simulator.scenes.placement import scatter

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRequest:
    """A frame that is asked for; what is None is drawn."""

    seed: int
    """Of everything that is drawn."""
    width_px: int
    """Pixels a side."""
    pixel_size_nm: float
    """Of the camera, at the specimen."""
    energy_kev: float
    """Of the beam."""
    particles: int
    """Those that find no room are left out."""
    film_nm: float | None = None
    """Thickness."""
    dose_e_per_a2: float | None = None
    """Per frame."""
    c1_nm: float | None = None
    """Defocus of the first frame; overfocus is positive."""

    def __post_init__(self) -> None:
        if not (self.seed >= 0 and self.particles >= 0 and self.energy_kev > 0):
            raise ValueError(
                f"seed and particles are 0 or more and an energy is positive, "
                f"got {self.seed}, {self.particles} and {self.energy_kev} keV"
            )


def film_on_demand(recipe: WaveRecipe, thickness_nm: float, seed: int, energy_kev: float) -> FilmWave:
    """A film of one thickness and beam energy simulated now, `recipe.film_width_px` wide."""
    one_film = replace(recipe, seed=seed, energies_kev=(energy_kev,), film_nm=(thickness_nm, thickness_nm))
    return film_wave(one_film, 0, CPU)


def make_frame(recipe: WaveRecipe, envelope: Envelope, request: FrameRequest) -> Exposure:
    """One frame: the first of a movie in which nothing happens.

    Raises:
        ValueError: size or pixel size is not positive, or the recipe's film is too narrow for a wide one.
    """
    return next(make_movie(recipe, envelope, request, MovieRecipe(frames=1)))


def make_movie(recipe: WaveRecipe, envelope: Envelope, request: FrameRequest, movie: MovieRecipe) -> Iterator[Exposure]:
    """Frame by frame, from the recipe, the request and the movie alone; the focus starts where the lens is drawn.

    Raises:
        ValueError: size or pixel size is not positive, or the recipe's film is too narrow for a wide one.
    """
    rng = np.random.default_rng([request.seed, request.particles])
    optics, camera, dose_e_per_a2, film_nm = _conditions(recipe, envelope, request, rng)
    # Room for the drift and twice the spread of the jitter; the view turns round where the field ends.
    room_nm = movie.frames * max(map(abs, movie.drift_nm)) + 2 * movie.jitter_nm * movie.frames**0.5
    wide_px = request.width_px + int(np.ceil(room_nm / request.pixel_size_nm)) if request.pixel_size_nm > 0 else 0
    grid = field_grid(wide_px, request.pixel_size_nm, recipe.pixel_size_nm)
    # The particles' atoms and exit waves, scattered over the field.
    requested = replace(recipe, seed=request.seed, energies_kev=(request.energy_kev,))
    drawn = [draw_particle(requested, index) for index in range(request.particles)]
    waves = [
        simulate_wave(p.atoms, requested, CPU, index=n, energy_kev=p.energy_kev, absorption=p.absorption)
        for n, p in enumerate(drawn)
    ]
    placements = scatter(waves, grid, rng, touching_share=envelope.touching_share)
    placed_waves = [item.particle for item in placements]
    film = wide_film(film_on_demand(recipe, film_nm, request.seed, request.energy_kev), grid.size_px, rng)
    return expose_movie(
        placements,
        film,
        grid,
        optics,
        camera,
        draw_motion(replace(movie, focus_nm=optics.c1_nm), len(placements), room_nm, rng),
        request.seed,
        size_px=request.width_px,
        pixel_size_nm=request.pixel_size_nm,
        dose_e_per_a2=dose_e_per_a2,
        tumble=tumbling([drawn[wave.index].atoms for wave in placed_waves], placed_waves, requested),
    )


def _conditions(
    recipe: WaveRecipe, envelope: Envelope, request: FrameRequest, rng: np.random.Generator
) -> tuple[Optics, Camera, float, float]:
    """(lens, camera, dose, thickness of the film). All are drawn, whatever is given: a request changes nothing else."""
    optics = draw_optics(replace(envelope, uncorrected_share=0.0), request.energy_kev, rng)
    camera = draw_camera(envelope, rng)
    dose_e_per_a2, film_nm = draw_log(envelope.dose_e_per_a2, rng), draw(recipe.film_nm, rng)
    return (
        optics if request.c1_nm is None else replace(optics, c1_nm=request.c1_nm),
        camera,
        dose_e_per_a2 if request.dose_e_per_a2 is None else request.dose_e_per_a2,
        film_nm if request.film_nm is None else request.film_nm,
    )

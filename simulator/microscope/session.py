"""The session that the virtual microscope plays: clean images of wide fields with their truth, in one small file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from simulator.exit_waves.simulate import ParticleWave, film_wave
from simulator.exit_waves.store import particle_shards, particle_waves, wave_split
from simulator.imaging.optics import Optics
from simulator.microscope.server import LEVELS
from simulator.propagation.grid import Grid
from simulator.recipe import WaveRecipe
from simulator.scenes.composition import compose, image, place

FIELD_PX = 1280
PIXEL_SIZE_NM = 0.04
DEFOCI_NM = (-8.0, -6.0, 7.0, -10.0, 4.0, 10.0)
PARTICLES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One particle of a field, in pixels of the field's image."""

    field: int
    y_px: float
    x_px: float
    diameter_nm: float
    shape: str


def make_session(recipe: WaveRecipe, stock: Path, out: Path, seed: int) -> list[Truth]:
    """Compose fields of waves that no network was trained on (every tenth round), 300 keV, and write them."""
    wide = replace(recipe, seed=seed, film_width_px=FIELD_PX, energies_kev=(300.0,))
    deck = [
        w
        for shard in particle_shards(stock)
        for w in particle_waves(recipe, shard)
        if w.energy_kev == 300.0 and wave_split(w.index, len(recipe.shapes)) == "test"
    ]
    rng = np.random.default_rng(seed)
    grid = Grid(size_px=FIELD_PX, pixel_size_nm=recipe.pixel_size_nm)
    camera_px = round(grid.width_nm / PIXEL_SIZE_NM)
    images, truth = [], []
    for number, defocus_nm in enumerate(DEFOCI_NM):
        film = film_wave(wide, number, torch.device("cpu"))
        chosen: list[ParticleWave] = [deck[n] for n in rng.permutation(len(deck))[:PARTICLES]]
        field = compose(film, place(chosen, grid, rng, touching_share=0.15), grid, 300.0)
        optics = Optics(
            energy_kev=300.0,
            c1_nm=defocus_nm,
            c3_nm=-5000.0,
            a1_nm=1.0 + 0.5j,
            b2_nm=30.0,
            a2_nm=20.0j,
            focal_spread_nm=3.0,
            convergence_mrad=0.2,
            blur_nm=0.03,
        )
        images.append(np.clip(np.rint(image(field, optics, camera_px) * LEVELS), 0, 255).astype(np.uint8))
        for label, item in enumerate(field.placed, start=1):
            own = (np.argwhere(field.labels == label).mean(0) + 0.5) * grid.pixel_size_nm / PIXEL_SIZE_NM - 0.5
            truth.append(
                Truth(
                    field=number,
                    y_px=float(own[0]),
                    x_px=float(own[1]),
                    diameter_nm=item.particle.diameter_nm,
                    shape=item.particle.shape,
                )
            )
    np.savez_compressed(
        out,
        fields=np.stack(images),
        pixel_size_nm=grid.width_nm / camera_px,
        energy_kev=300.0,
        defocus_nm=np.array(DEFOCI_NM),
        truth_field=[t.field for t in truth],
        truth_y_px=[t.y_px for t in truth],
        truth_x_px=[t.x_px for t in truth],
        truth_diameter_nm=[t.diameter_nm for t in truth],
        truth_shape=[t.shape for t in truth],
    )
    return truth

"""The session that the virtual microscope plays: clean images of wide fields with their truth, made from a store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from simulator.exit_waves.simulate import ParticleWave, film_wave
from simulator.exit_waves.splits import wave_split
from simulator.exit_waves.store import particle_shards, particle_waves
from simulator.imaging.aberrations import Optics
from simulator.microscope.session_file import SessionParticle, grey_levels, write_session
from simulator.propagation.grid import Grid
from simulator.recipe import WaveRecipe
from simulator.scenes.composition import clean_image, compose
from simulator.scenes.placement import scatter
from simulator.scenes.truth import View, frame_truth

FIELD_PX = 1280
PIXEL_SIZE_NM = 0.04
ENERGY_KEV = 300.0
DEFOCI_NM = (-8.0, -6.0, 7.0, -10.0, 4.0, 10.0)
"""C1 of each field."""
PARTICLES = 24
"""In each field, at most."""
TOUCHING_SHARE = 0.15
LENS = Optics(
    energy_kev=ENERGY_KEV,
    c1_nm=0.0,
    c3_nm=-5000.0,
    a1_nm=1.0 + 0.5j,
    b2_nm=30.0,
    a2_nm=20.0j,
    focal_spread_nm=3.0,
    convergence_mrad=0.2,
    blur_nm=0.03,
)


def make_session(recipe: WaveRecipe, store: Path, out: Path, seed: int) -> list[SessionParticle]:
    """Compose fields of waves that no network was trained on (every tenth round), 300 keV, and write them.

    Raises:
        ValueError: the store holds no wave to show, or is damaged (`simulator.exit_waves.store`).
        OSError: the store cannot be read, or the file not be written.
    """
    wide = replace(recipe, seed=seed, film_width_px=FIELD_PX, energies_kev=(ENERGY_KEV,))
    pool = [
        wave
        for shard in particle_shards(store)
        for wave in particle_waves(recipe, shard)
        if wave.energy_kev == ENERGY_KEV and wave_split(wave.index, len(recipe.shapes)) == "test"
    ]
    if not pool:
        raise ValueError(
            f"{store} holds no finished particle of {ENERGY_KEV:g} keV that is held out; make it with "
            "`beamside-simulate make`"
        )
    rng = np.random.default_rng(seed)
    grid = Grid(size_px=FIELD_PX, pixel_size_nm=recipe.pixel_size_nm)
    camera_px = round(grid.width_nm / PIXEL_SIZE_NM)
    view = View(
        corner_px=(0, 0),
        shape_px=(camera_px, camera_px),
        pixel_size_nm=PIXEL_SIZE_NM,
        field_pixel_size_nm=grid.pixel_size_nm,
    )
    images, particles = [], []
    for number, defocus_nm in enumerate(DEFOCI_NM):
        film = film_wave(wide, number, torch.device("cpu"))
        chosen: list[ParticleWave] = [pool[n] for n in rng.permutation(len(pool))[:PARTICLES]]
        field = compose(film, scatter(chosen, grid, rng, touching_share=TOUCHING_SHARE), grid, ENERGY_KEV)
        images.append(grey_levels(clean_image(field, replace(LENS, c1_nm=defocus_nm), camera_px)))
        particles += [
            SessionParticle(field=number, y_px=p.y_px, x_px=p.x_px, diameter_nm=p.diameter_nm, shape=p.shape)
            for p in frame_truth(field, view, step_px=1).particles
        ]
    write_session(
        out,
        images,
        particles,
        pixel_size_nm=grid.width_nm / camera_px,
        energy_kev=ENERGY_KEV,
        defocus_nm=DEFOCI_NM,
    )
    return particles

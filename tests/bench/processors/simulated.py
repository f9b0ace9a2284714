"""Atoms, waves, stores, images and counts: what the simulator makes of small recipes."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray

from simulator.exit_waves.generate import make_here
from simulator.exit_waves.shard_codec import encoded
from simulator.exit_waves.simulate import FilmWave, ParticleWave, film_wave, particle_wave
from simulator.exit_waves.store import shards
from simulator.imaging.aberrations import Optics
from simulator.imaging.camera import Camera, expose
from simulator.propagation.grid import Grid
from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_envelope, read_waves
from simulator.scenes.composition import FieldOfView, clean_image
from simulator.scenes.on_demand import FrameRequest, make_frame
from simulator.specimen.carbon_film import film
from simulator.specimen.particle import build
from simulator.specimen.shapes import SHAPES
from tests.simulator.fields import random_field
from tests.simulator.tiny import write_tiny

Result = list[NDArray[Any]]
"""Arrays, one per particle or whatever a stage makes; texts as arrays of strings."""

CPU = torch.device("cpu")
TASK = Path("simulator/recipes/task.toml")
FIELD = Grid(size_px=512, pixel_size_nm=0.032)
CAMERA_PX = 320
DOSE_E_PER_A2 = 1000.0
PARTICLES = 60
"""Of twelve shapes: sites that symmetry makes equal are few, and they are what a last bit can exchange."""


@cache
def recipe() -> WaveRecipe:
    """Ten particles of under 2 nm, at one energy so that they go into one field."""
    with tempfile.TemporaryDirectory() as folder:
        return replace(read_waves(write_tiny(Path(folder))), energies_kev=(300.0,))


def particle_atoms() -> Result:
    """Positions of every shape, 2 to 6 nm."""
    chances = [np.random.default_rng([7, n]) for n in range(PARTICLES)]
    return [build(SHAPES[n % len(SHAPES)], "Au", 2.0 + n % 5, chance).positions_nm for n, chance in enumerate(chances)]


def film_atoms() -> Result:
    """Positions in films of 2 to 7 nm."""
    return [film(2.0 + n, 12.0, np.random.default_rng([8, n])) for n in range(6)]


@cache
def particles() -> list[ParticleWave]:
    """Exit waves before they are stored."""
    return [particle_wave(recipe(), n, CPU) for n in range(recipe().particles)]


def particle_waves() -> Result:
    """Of those, and of two of 4 to 6 nm at the shipped recipe's settings: many threads share the work of these only."""
    large = replace(read_waves(TASK), diameter_nm=(4.0, 6.0))
    return [wave.wave for wave in (*particles(), *(particle_wave(large, n, CPU) for n in range(2)))]


@cache
def films() -> list[FilmWave]:
    """As wide as the field."""
    return [film_wave(replace(recipe(), film_width_px=FIELD.size_px), n, CPU) for n in range(2)]


def truth_numbers() -> Result:
    """Everything of a particle's truth that is a number."""
    return [np.array([w.diameter_nm, w.depth_nm, w.zone_angle_deg, *w.quaternion]) for w in particles()]


def stored_waves() -> Result:
    """In half precision."""
    waves: list[ParticleWave | FilmWave] = [*particles(), *films()]
    return [encoded(wave)[1]["wave"] for wave in waves]


@cache
def store() -> tuple[Result, Result]:
    """(sha256 of every sample, bytes of every file)."""
    digests, contents = [], []
    with tempfile.TemporaryDirectory() as name:
        make_here(recipe(), Path(name), shards(recipe()), CPU, lambda _: None)
        for path in sorted(Path(name).glob("*.h5")):
            with h5py.File(path) as file:
                digests += [np.array(group.attrs["sha256"]) for group in file.values()]
            contents.append(np.frombuffer(path.read_bytes(), dtype=np.uint8))
    return digests, contents


@cache
def composed() -> FieldOfView:
    """The particles on the first film."""
    return random_field(particles(), films()[0], FIELD, np.random.default_rng(3), touching_share=0.2)


@cache
def field_image() -> NDArray[np.float32]:
    """Of the composed field, under focus."""
    optics = Optics(
        energy_kev=300.0, c1_nm=-8.0, c3_nm=-5000.0, a1_nm=1 + 0.5j, focal_spread_nm=3.0, convergence_mrad=0.2
    )
    return clean_image(composed(), optics, CAMERA_PX)


def camera_counts() -> Result:
    """Of the clean image."""
    camera = Camera(mtf="scintillator", gain_counts_per_e=8.0, readout_counts=1.5, offset_counts=60.0)
    pixel_size_nm = FIELD.width_nm / CAMERA_PX
    return [expose(field_image(), pixel_size_nm, DOSE_E_PER_A2, camera, np.random.default_rng(4))]


def whole_frame() -> Result:
    """What `beamside-simulate frame` makes, but small."""
    request = FrameRequest(seed=3, width_px=256, pixel_size_nm=0.05, energy_kev=300.0, particles=3)
    small = replace(read_waves(TASK), diameter_nm=(2.0, 3.0), film_width_px=384, film_nm=(1.5, 2.5))
    return [make_frame(small, read_envelope(TASK), request).counts]

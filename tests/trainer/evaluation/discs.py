"""Held-out particles without a simulation: phase discs of two classes on weak films."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_envelope, read_waves
from tests.simulator.discs import PIXEL_SIZE_NM, disc, texture
from trainer.evaluation.controlled import HeldOut

TASK = Path(__file__).parents[3] / "simulator" / "recipes" / "task.toml"
FIELD_PX = 400
"""12.8 nm, which a camera of the envelope sees all or part of."""
SHAPES = ("cube", "icosahedron")


def recipe() -> WaveRecipe:
    """Fields as wide as the discs' one, at a single beam energy."""
    return replace(
        read_waves(TASK), film_width_px=FIELD_PX, pixel_size_nm=PIXEL_SIZE_NM, energies_kev=(300.0,), shapes=SHAPES
    )


def held_out(particles: int = 4) -> HeldOut:
    """Gold discs of 2.4 nm; two films, the second one thicker."""
    waves = tuple(replace(disc(1.2, index=n, side_px=128), shape=SHAPES[n % 2]) for n in range(particles))
    films = tuple(replace(texture(FIELD_PX, seed=n), index=n, thickness_nm=2.0 + 2 * n) for n in range(2))
    return HeldOut(
        recipe=recipe(),
        envelope=replace(read_envelope(TASK), uncorrected_share=0.0, dose_e_per_a2=(1000.0, 2000.0)),
        waves=waves,
        films=films,
        training_masks=(),
        training_classes_and_diameters=(),
    )

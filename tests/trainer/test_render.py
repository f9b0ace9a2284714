"""What of an exposure becomes a sample, and with which label."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.imaging.optics import Optics
from simulator.propagation.grid import Grid
from simulator.scenes.composition import Field, Placed, compose
from simulator.scenes.exposure import Exposure
from tests.simulator.discs import PIXEL_SIZE_NM, disc
from trainer.data import samples as render
from trainer.data.samples import COARSE, NO_CLASS, Samples, Sizes, add_patches

SIDE_PX = 480
LABEL = 3
CLASSES = ("a", "b", "c", "cube")


def field_of(*centres_px: tuple[int, int]) -> Field:
    """Discs of 1.5 nm radius (47 pixels) in vacuum."""
    placed = [Placed(particle=disc(index=n), y_px=y, x_px=x) for n, (y, x) in enumerate(centres_px)]
    return compose(None, placed, Grid(size_px=SIDE_PX, pixel_size_nm=PIXEL_SIZE_NM), 300.0)


def sampled(field: Field, monkeypatch: pytest.MonkeyPatch) -> tuple[Samples, list[NDArray[np.float32]]]:
    """(samples, where patches were cut) of an exposure whose camera has the field's pixels and sees all of it."""
    monkeypatch.setattr(render, "CENTRE_JITTER_NM", 0.0)
    monkeypatch.setattr(render, "BACKGROUND_SHARE", 0.0)
    cuts: list[NDArray[np.float32]] = []

    def noted(
        counts: NDArray[np.uint16], at: NDArray[np.float32], pixel_nm: float, side: int, wanted_nm: float
    ) -> NDArray[np.float32]:
        cuts.extend(at)
        return np.zeros((len(at), 1, side, side), dtype=np.float32)

    monkeypatch.setattr(render, "cut_patches", noted)
    exposure = Exposure(
        counts=np.zeros((SIDE_PX, SIDE_PX), dtype=np.uint16),
        pixel_size_nm=PIXEL_SIZE_NM,
        corner_nm=0.0,
        dose_e_per_a2=1000.0,
        optics=Optics(energy_kev=300.0, c1_nm=0.0),
    )
    coarse = field.labels[COARSE // 2 :: COARSE, COARSE // 2 :: COARSE]
    inside_px = [np.argwhere(coarse == n) * float(COARSE) + COARSE / 2 for n in range(1, len(field.placed) + 1)]
    samples = Samples()
    add_patches(samples, field, inside_px, exposure, CLASSES, Sizes(), np.random.default_rng(0))
    return samples, cuts


def test_particles_apart_keep_their_class(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, cuts = sampled(field_of((120, 120), (120, 320)), monkeypatch)
    assert [row["label"] for row in samples.rows] == [LABEL, LABEL]
    assert np.round(cuts).tolist() == [[120, 120], [120, 320]]


def test_particles_over_one_another_have_no_class_nor_has_what_lies_between_their_centres(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    samples, cuts = sampled(field_of((240, 200), (240, 280), (80, 80)), monkeypatch)
    assert [row["label"] for row in samples.rows] == [NO_CLASS, NO_CLASS, LABEL, NO_CLASS]
    assert np.round(cuts[-1]).tolist() == [240, 240]


def test_of_a_particle_that_is_mostly_outside_no_patch_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, _ = sampled(field_of((2, 240), (240, 240)), monkeypatch)
    assert [row["wave"] for row in samples.rows] == [1]

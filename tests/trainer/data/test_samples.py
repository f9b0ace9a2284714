"""What of an exposure becomes a sample, and with which label."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.imaging.aberrations import Optics
from simulator.propagation.grid import Grid
from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_envelope, read_waves
from simulator.scenes.composition import FieldOfView, compose
from simulator.scenes.exposure import Exposure, draw_exposure
from simulator.scenes.placement import Placement
from simulator.scenes.truth import View, frame_truth
from tests.simulator.discs import PIXEL_SIZE_NM, disc
from trainer.data import samples as render
from trainer.data.dataset import METADATA
from trainer.data.geometry import RENDER_GEOMETRY
from trainer.data.samples import NO_CLASS, TRUTH_STEP_PX, Samples, add_maps, add_patches, fields_of_view
from trainer.data.samples import render as render_samples

TASK = Path(__file__).parents[3] / "simulator" / "recipes" / "task.toml"
SIDE_PX = 480
LABEL = 3
CLASSES = ("a", "b", "c", "cube")


def field_of(*centres_px: tuple[int, int]) -> FieldOfView:
    """Discs of 1.5 nm radius (47 pixels) in vacuum."""
    placed = [Placement(particle=disc(index=n), y_px=y, x_px=x) for n, (y, x) in enumerate(centres_px)]
    return compose(None, placed, Grid(size_px=SIDE_PX, pixel_size_nm=PIXEL_SIZE_NM), 300.0)


def sampled(field: FieldOfView, monkeypatch: pytest.MonkeyPatch) -> tuple[Samples, list[NDArray[np.float32]]]:
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
    view = View(
        corner_px=(0, 0),
        shape_px=(SIDE_PX, SIDE_PX),
        pixel_size_nm=PIXEL_SIZE_NM,
        field_pixel_size_nm=PIXEL_SIZE_NM,
    )
    exposure = Exposure(
        counts=np.zeros((SIDE_PX, SIDE_PX), dtype=np.uint16),
        truth=frame_truth(field, view, step_px=TRUTH_STEP_PX),
        dose_e_per_a2=1000.0,
        optics=Optics(energy_kev=300.0, c1_nm=0.0),
        film_nm=0.0,
    )
    samples = Samples()
    add_patches(samples, exposure, CLASSES, RENDER_GEOMETRY.classifier, np.random.default_rng(0))
    return samples, cuts


def test_particles_apart_keep_their_class(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, cuts = sampled(field_of((120, 120), (120, 320)), monkeypatch)
    assert [row["label"] for row in samples.metadata] == [LABEL, LABEL]
    assert np.round(cuts).tolist() == [[120, 120], [120, 320]]


def test_particles_over_one_another_have_no_class_nor_has_what_lies_between_their_centres(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    samples, cuts = sampled(field_of((240, 200), (240, 280), (80, 80)), monkeypatch)
    assert [row["label"] for row in samples.metadata] == [NO_CLASS, NO_CLASS, LABEL, NO_CLASS]
    assert np.round(cuts[-1]).tolist() == [240, 240]


def test_of_a_particle_that_is_mostly_outside_no_patch_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, _ = sampled(field_of((2, 240), (240, 240)), monkeypatch)
    assert [row["wave"] for row in samples.metadata] == [1]


QUIET = replace(
    read_envelope(TASK), touching_share=0.0, bare_share=1.0, particles_a_field=(1, 3), uncorrected_share=0.0
)
"""Fields in vacuum."""
ENERGIES = (300.0,)


def recipe() -> WaveRecipe:
    """Fields as wide as the discs' one."""
    return replace(read_waves(TASK), film_width_px=SIDE_PX, pixel_size_nm=PIXEL_SIZE_NM, energies_kev=ENERGIES)


def test_every_wave_comes_in_exactly_one_field_whatever_the_chance() -> None:
    waves = [disc(0.6, index=n, side_px=64) for n in range(9)]
    for seed in range(5):
        fields = list(fields_of_view(waves, [], recipe(), QUIET, np.random.default_rng(seed)))
        placed = [p.particle.index for field in fields for p in field.placements]
        # A particle that lies over another one is the same wave once more.
        assert set(placed) == set(range(9))
        assert len(placed) - 9 <= len(fields)


def test_waves_of_another_beam_energy_are_never_in_one_field() -> None:
    waves = [replace(disc(0.6, index=n, side_px=64), energy_kev=(200.0, 300.0)[n % 2]) for n in range(8)]
    both = replace(recipe(), energies_kev=(200.0, 300.0))
    fields = list(fields_of_view(waves, [], both, QUIET, np.random.default_rng(1)))
    for field in fields:
        assert {p.particle.energy_kev for p in field.placements} <= {field.energy_kev}
    assert {field.energy_kev for field in fields} == {200.0, 300.0}


def rendered(seed: int, exposures: int = 1) -> Samples:
    return render_samples(
        [disc(1.2, index=n, side_px=128) for n in range(3)],
        [],
        recipe(),
        QUIET,
        RENDER_GEOMETRY,
        classes=CLASSES,
        exposures=exposures,
        rng=np.random.default_rng(seed),
        tick=lambda: None,
    )


def test_the_same_seed_renders_the_same_samples_and_another_one_others() -> None:
    one, two, other = rendered(1), rendered(1), rendered(2)
    assert one.metadata == two.metadata
    assert all(np.array_equal(a, b) for a, b in zip(one.patches, two.patches, strict=True))
    assert one.metadata != other.metadata


def test_a_field_has_one_map_and_a_patch_of_every_camera_and_state_of_the_lens() -> None:
    """Maps do not grow with the exposures, patches do; a field of particles is exposed by two cameras."""
    once, thrice = rendered(1), rendered(1, exposures=3)
    assert len(once.channels) == len(once.targets) > 0
    # The chance goes another way after the first state, so fields may differ in number, not in their kind.
    states = {row["defocus_nm"] for row in thrice.metadata}
    assert len(states) > len(thrice.channels)
    for samples in (once, thrice):
        assert {patch.shape for patch in samples.patches} == {(128, 128)}
        assert {patch.dtype for patch in samples.patches} == {np.dtype(np.float16)}
        assert all(set(row) == set(METADATA) for row in samples.metadata)
        assert len(samples.patches) == len(samples.metadata)
        for channels, targets in zip(samples.channels, samples.targets, strict=True):
            # What is served must divide; what is real of it has a target.
            assert channels.shape[1] % 8 == channels.shape[2] % 8 == 0
            assert targets.shape[0] == 3
            assert targets.shape[1] <= channels.shape[1]


def test_a_detector_is_taught_that_there_is_nothing_in_vacuum() -> None:
    samples = Samples()
    field = field_of()
    exposure = draw_exposure(field, QUIET, np.random.default_rng(4), truth_step_px=TRUTH_STEP_PX)
    add_maps(samples, exposure, RENDER_GEOMETRY.detector)
    add_patches(samples, exposure, CLASSES, RENDER_GEOMETRY.classifier, np.random.default_rng(1))
    assert not samples.targets[0].any()
    assert samples.patches == []

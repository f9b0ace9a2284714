"""Inputs to which no class is the answer: where they are cut, and what they are made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.recipe_file import read_waves
from tests.trainer.evaluation.discs import FIELD_PX, TASK, held_out
from trainer.evaluation.out_of_distribution import (
    LARGEST_TETRAHEDRON_NM,
    SETS,
    TAUGHT,
    UNSEEN,
    _nothing,
    _one,
    _pair,
    _particles_of,
    _patches,
    named,
)
from trainer.evaluation.probe_images import perfect


def test_a_set_s_name_says_whether_training_has_seen_the_like() -> None:
    assert {named(shape) for shape in TAUGHT} == {f"{shape} (other ones taught)" for shape in TAUGHT}
    assert {named(shape) for shape in UNSEEN} == {f"{shape} (never seen)" for shape in UNSEEN}
    assert len(set(SETS)) == len(SETS) == 4 + len(TAUGHT) + len(UNSEEN)


def test_no_shape_without_a_class_is_one_that_a_network_names() -> None:
    assert not {*TAUGHT, *UNSEEN} & set(read_waves(TASK).shapes)


@pytest.mark.parametrize("seed", range(20))
def test_two_particles_lie_over_each_other_and_the_patch_between_them(seed: int) -> None:
    material = held_out()
    (one, two), energy_kev, (y_px, x_px) = _pair(material, np.random.default_rng(seed))
    assert energy_kev == one.particle.energy_kev == two.particle.energy_kev
    assert (y_px, x_px) == ((one.y_px + two.y_px) / 2, (one.x_px + two.x_px) / 2)
    # Discs of 2.4 nm overlap when their centres are nearer than that, here by 0.25 to 0.67 of it.
    apart = np.hypot(one.y_px - two.y_px, one.x_px - two.x_px) * material.recipe.pixel_size_nm
    assert 0.25 * 2.4 - 0.05 <= apart <= 0.67 * 2.4 + 0.05


@pytest.mark.parametrize("seed", range(10))
def test_a_patch_is_cut_about_the_particle_or_about_nothing_in_the_middle_of_the_field(seed: int) -> None:
    material = held_out()
    (only,), _, centre = _one(material, material.waves, np.random.default_rng(seed))
    assert (only.y_px, only.x_px) == centre
    nothing, energy_kev, (y_px, x_px) = _nothing(material, np.random.default_rng(seed))
    assert nothing == []
    assert energy_kev in material.recipe.energies_kev
    for at in (*centre, y_px, x_px):
        assert 0.35 * FIELD_PX - 1 <= at <= 0.65 * FIELD_PX


def test_patches_of_a_set_follow_from_its_chance_alone() -> None:
    material = held_out()

    def patches(seed: int, *, film: bool) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return _patches(material, 2, rng, lambda r: _nothing(material, r), envelope=material.envelope, film=film)

    one, same, other, bare = patches(1, film=True), patches(1, film=True), patches(2, film=True), patches(1, film=False)
    assert one.shape == (2, 128, 128)
    assert np.isfinite(one).all()
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert (one != bare).any()


def test_a_particle_is_seen_in_the_middle_of_its_patch() -> None:
    """1.2 nm are sixteen pixels of the patch: in a view without noise only there is contrast."""
    material = held_out()
    best = perfect(material.envelope)
    rng = np.random.default_rng(3)
    (patch,) = _patches(material, 1, rng, lambda r: _one(material, material.waves, r), envelope=best, film=False)
    contrast = np.abs(patch - np.median(patch))
    y, x = np.mgrid[:128, :128] - 63.5
    inside = np.hypot(y, x) < 22
    assert contrast[inside].mean() > 3 * contrast[~inside].mean()
    weight = np.where(inside, contrast, 0)
    assert np.hypot((weight * y).sum(), (weight * x).sum()) < 1.5 * weight.sum()


def test_tetrahedra_are_no_wider_than_a_stored_wave_and_all_are_drawn_from_the_recipe() -> None:
    small = replace(
        read_waves(TASK), diameter_nm=(1.5, 2.0), slice_nm=0.4, elements=("Au",), element_weights=(1.0,), seed=9
    )
    found = _particles_of(small, "sphere", 2, seed=4)
    assert [wave.shape for wave in found] == ["sphere"] * 2
    # Atoms are whole: a diameter is met to a tenth or so.
    assert all(1.3 <= wave.diameter_nm <= 2.2 for wave in found)
    again = _particles_of(small, "sphere", 2, seed=4)
    assert [wave.diameter_nm for wave in found] == [wave.diameter_nm for wave in again]
    wide = replace(small, diameter_nm=(LARGEST_TETRAHEDRON_NM - 4.5, 20.0), slice_nm=1.0)
    assert _particles_of(wide, "tetrahedron", 1, seed=4)[0].diameter_nm <= 1.05 * LARGEST_TETRAHEDRON_NM

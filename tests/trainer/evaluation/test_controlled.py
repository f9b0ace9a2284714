"""Probe images of one condition that is set, and the film that is filled at random."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from simulator.exit_waves.generate import begin, make_here
from simulator.exit_waves.store import missing
from tests.simulator.tiny import TINY, write_tiny
from tests.trainer.evaluation.discs import TASK, held_out
from trainer.data.samples import NO_CLASS, Samples
from trainer.evaluation.controlled import (
    RANDOM_CARBON_NM,
    RANDOM_CARBON_PER_NM3,
    _random_packing,
    held_out_particles,
    one_condition,
    repeated_images,
    scenes,
    with_class,
    without_film,
)
from trainer.evaluation.predictions import LEAST_DOSE_E_PER_A2


def test_carbon_thrown_at_random_is_dense_enough_and_keeps_its_distance() -> None:
    at = _random_packing(np.array([2.0, 2.0, 1.0]), np.random.default_rng(1))
    assert len(at) == round(RANDOM_CARBON_PER_NM3 * 4)
    assert (at >= 0).all()
    assert (at < (2, 2, 1)).all()
    assert cKDTree(at).query(at, 2)[0][:, 1].min() >= RANDOM_CARBON_NM


def test_probe_images_without_a_class_are_left_out() -> None:
    samples = Samples(patches=[np.full((2, 2), n, np.float16) for n in range(3)])
    samples.metadata = [{"label": label, "wave": n} for n, label in enumerate((0, NO_CLASS, 1))]
    kept = with_class(samples)
    assert list(kept.metadata["wave"]) == [0, 2]
    assert list(kept.patches[:, 0, 0]) == [0, 2]


def test_every_particle_is_in_one_scene_with_a_film_of_its_beam() -> None:
    material = held_out(7)
    made = scenes(material, 3)
    placed = [placement.particle.index for scene in made for placement in scene.placements]
    assert len(made) == 2  # six to a scene, and the seventh
    assert len(placed) == len(set(placed))
    assert all(scene.film is not None and scene.film.energy_kev == scene.energy_kev for scene in made)
    again = scenes(material, 3)
    assert [s.placements[0].y_px for s in made] == [s.placements[0].y_px for s in again]


def test_values_of_a_condition_differ_in_nothing_else() -> None:
    """The same envelope twice gives the same patches; another dose gives the same places, lens and pixel size."""
    material = held_out()
    faint = replace(material.envelope, dose_e_per_a2=(100.0, 100.0))
    one, same, other = one_condition(
        material, scenes(material, 1), [material.envelope, material.envelope, faint], seed=5
    )
    np.testing.assert_array_equal(one.patches, same.patches)
    for key in ("wave", "label", "defocus_nm", "pixel_size_nm", "film_nm"):
        np.testing.assert_array_equal(one.metadata[key], other.metadata[key])
    assert (other.metadata["dose_e_per_a2"] < one.metadata["dose_e_per_a2"]).all()
    assert (one.patches != other.patches).any()


def test_without_the_film_the_particles_are_the_same_and_the_film_is_none() -> None:
    material = held_out()
    made = scenes(material, 1)
    (filmed,) = one_condition(material, made, [material.envelope], 5)
    bare = without_film(material, made, material.envelope, 5)
    np.testing.assert_array_equal(filmed.metadata["wave"], bare.metadata["wave"])
    assert (filmed.metadata["film_nm"] > 0).all()
    assert (bare.metadata["film_nm"] == 0).all()


@pytest.mark.parametrize("refocused", [True, False])
def test_repeated_images_share_dose_and_pixel_size_and_the_lens_only_when_it_is_held(refocused: bool) -> None:
    material = held_out(2)
    seen = repeated_images(material, scenes(material, 1), 5, 3, refocused=refocused)
    for key, states in (("dose_e_per_a2", 1), ("pixel_size_nm", 1), ("defocus_nm", 3 if refocused else 1)):
        assert len(np.unique(seen.metadata[key])) == states
    images = [int((seen.metadata["wave"] == wave).sum()) for wave in np.unique(seen.metadata["wave"])]
    assert max(images) == 3
    # Where the lens is held the noise is not: no two images are equal.
    assert len({patch.tobytes() for patch in seen.patches}) == len(seen.patches)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a store of forty tiny particles those shards that hold rounds 0 and 1, and 18 and 19; and the films."""
    folder = tmp_path_factory.mktemp("store")
    envelope = "[envelope]" + TASK.read_text(encoding="utf-8").split("[envelope]")[1]
    path = write_tiny(folder, TINY.replace("particles = 10", "particles = 40") + envelope)
    made = begin(path, folder / "waves")
    wanted = [shard for shard in missing(made, folder / "waves") if shard.kind == "film" or shard.number in (0, 9)]
    make_here(made, folder / "waves", wanted, torch.device("cpu"), lambda n: None)
    return folder / "waves"


def test_held_out_are_the_particles_and_films_of_the_test_split_alone(store: Path) -> None:
    """Round 19 of two classes is particles 38 and 39; of two films the last one is held out."""
    found = held_out_particles(store, 2)
    assert [wave.index for wave in found.waves] == [38, 39]
    assert [film.index for film in found.films] == [1]
    assert found.envelope.uncorrected_share == 0
    assert found.envelope.dose_e_per_a2[0] == LEAST_DOSE_E_PER_A2
    # Round 18 was read on the way, and is of training.
    assert [row[0] for row in found.training_classes_and_diameters] == [0, 1]
    assert len(found.training_masks) == 2


def test_for_want_of_others_every_shard_is_read(store: Path) -> None:
    found = held_out_particles(store, 100)
    assert [wave.index for wave in found.waves] == [38, 39]
    assert len(found.training_masks) == 6


def test_a_folder_that_is_no_store_has_no_held_out_particles(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no recipe\.toml"):
        held_out_particles(tmp_path, 1)

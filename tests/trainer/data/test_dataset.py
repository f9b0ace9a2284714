"""A shard gives back what was written, says how it was cut, and is no member of a dataset that was cut otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.striped import CLASSES, DESCRIPTION, forget_description, striped
from trainer.data.dataset import METADATA, read_maps, read_patches, shard_path, shards_of, write_shard
from trainer.data.description import KEY, LEGACY_DESCRIPTION, LegacyWarning, describe, read_description
from trainer.data.geometry import LEGACY_GEOMETRY, RENDER_GEOMETRY
from trainer.data.samples import NO_CLASS, Samples


def test_patches_read_back_as_they_were_written(bank: Path) -> None:
    patches = read_patches([bank / "shard-00000.npz", bank / "shard-00001.npz"])
    assert patches.patches.shape == (48, 128, 128)
    assert set(patches.metadata["label"]) == {NO_CLASS, 0, 1}


def test_a_shard_says_how_it_was_cut_and_of_what(bank: Path) -> None:
    assert read_description(bank / "shard-00000.npz") == DESCRIPTION
    assert describe(shards_of(bank)) == DESCRIPTION


def test_what_differs_between_the_shards_of_a_dataset_is_not_said_of_the_dataset(bank: Path) -> None:
    write_shard(
        shard_path(bank, 3), striped(4, np.random.default_rng(1)), replace(DESCRIPTION, seed=8, recipe_digest="cd")
    )
    found = describe(shards_of(bank))
    assert (found.seed, found.recipe_digest, found.classes) == (None, "", CLASSES)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"geometry": replace(LEGACY_GEOMETRY, detector=replace(LEGACY_GEOMETRY.detector, pixel_size_nm=0.2))},
            r"shards of one dataset, .*00000\.npz and .*00003\.npz, differ in their geometry: .*0\.24.*0\.2 nm",
        ),
        (
            {"geometry": replace(LEGACY_GEOMETRY, detector=replace(LEGACY_GEOMETRY.detector, preprocessing="v0"))},
            "differ in their geometry: .*channels-v1.*v0",
        ),
        ({"classes": ("down", "up")}, "differ in what their labels mean: up, down; down, up"),
    ],
)
def test_shards_that_were_cut_or_labelled_otherwise_are_no_dataset(
    changes: dict[str, object], message: str, bank: Path
) -> None:
    write_shard(shard_path(bank, 3), striped(4, np.random.default_rng(1)), replace(DESCRIPTION, **changes))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        read_patches(shards_of(bank))


def test_maps_may_come_from_shards_whose_labels_mean_different_things(bank: Path) -> None:
    other = replace(DESCRIPTION, classes=("down", "up"))
    write_shard(shard_path(bank, 3), striped(4, np.random.default_rng(1)), other)
    assert len(read_maps(shards_of(bank)).channels) == 3 * 24 + 4
    assert describe(shards_of(bank), labels=False).classes == ()


def test_a_dataset_of_before_november_2026_is_read_with_the_geometry_that_all_of_them_have(bank: Path) -> None:
    for path in shards_of(bank):
        forget_description(path)
    with pytest.warns(
        LegacyWarning, match=r"3 of 3 shards do not say their geometry .* 8 px of 0\.24 nm by channels-v1"
    ):
        assert describe(shards_of(bank)) == LEGACY_DESCRIPTION
    with pytest.warns(LegacyWarning):
        assert len(read_patches(shards_of(bank)).patches) == 72


def test_what_is_rendered_today_is_what_was_rendered_before() -> None:
    """When this changes, new networks are needed; the legacy value must stay."""
    assert RENDER_GEOMETRY == LEGACY_GEOMETRY


def test_patches_of_another_size_than_the_description_says_are_not_written(tmp_path: Path) -> None:
    geometry = replace(LEGACY_GEOMETRY, classifier=replace(LEGACY_GEOMETRY.classifier, patch_px=64))
    with pytest.raises(ValueError, match=r"patches of 64 x 64 pixels were promised, got \[\(128, 128\)\]"):
        write_shard(
            tmp_path / "shard-00000.npz", striped(2, np.random.default_rng(1)), replace(DESCRIPTION, geometry=geometry)
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["{", "{}", json.dumps({"geometry": 1})])
def test_a_description_that_cannot_be_understood_is_named(text: str, bank: Path) -> None:
    path = bank / "shard-00000.npz"
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(path, **{**arrays, KEY: np.array(text)})
    with pytest.raises(ValueError, match=r"shard-00000\.npz: "):
        describe([path])


def test_no_shards_are_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one shard was promised, got none"):
        describe([])
    with pytest.raises(ValueError, match=r"holds no shard-\*\.npz"):
        shards_of(tmp_path)


def test_a_shard_without_a_particle_or_a_frame_is_one_of_no_samples(bank: Path) -> None:
    """A renderer whose few fields hold no particle writes such a one; the dataset must stay readable."""
    write_shard(shard_path(bank, 3), Samples(), DESCRIPTION)
    patches, maps = read_patches(shards_of(bank)), read_maps(shards_of(bank))
    assert (len(patches.patches), len(maps.channels), len(maps.valid)) == (72, 72, 72)
    assert {key: column.dtype.kind for key, column in patches.metadata.items()} == {
        **dict.fromkeys(METADATA, "f"),
        "label": "i",
        "wave": "i",
        "element": "U",
    }
    alone = read_patches([shard_path(bank, 3)])
    assert alone.patches.shape == (0, 128, 128)
    assert read_maps([shard_path(bank, 3)]).targets.shape == (0, 3, 0, 0)


def test_maps_read_back_where_they_are_valid_and_are_nothing_beyond(tmp_path: Path) -> None:
    samples = striped(5, np.random.default_rng(2))
    write_shard(shard_path(tmp_path, 0), samples, DESCRIPTION)
    maps = read_maps(shards_of(tmp_path))
    for number, (height, width) in enumerate(maps.valid):
        assert (height, width) == samples.targets[number].shape[1:]
        np.testing.assert_array_equal(maps.targets[number, :, :height, :width], samples.targets[number])
        np.testing.assert_array_equal(maps.channels[number, :, :height, :width], samples.channels[number])
        assert not maps.targets[number, :, height:].any()
        assert not maps.targets[number, :, :, width:].any()


def test_shards_of_different_sizes_are_padded_to_the_largest_and_keep_their_order(tmp_path: Path) -> None:
    small, large = (Samples() for _ in range(2))
    for samples, side in ((small, 8), (large, 24)):
        samples.channels.append(np.ones((2, side, side), dtype=np.float16))
        samples.targets.append(np.full((3, side, side), 255, dtype=np.uint8))
    for number, samples in enumerate((small, large)):
        write_shard(shard_path(tmp_path, number), samples, DESCRIPTION)
    maps = read_maps(shards_of(tmp_path))
    assert maps.channels.shape == (2, 2, 24, 24)
    assert (maps.targets[:, 0] > 0).sum((1, 2)).tolist() == [64, 576]
    assert maps.valid.tolist() == [[8, 8], [24, 24]]


def test_a_shard_that_could_not_be_finished_is_no_shard(bank: Path) -> None:
    (bank / "shard-00003.part.npz").write_bytes(b"half a shard")
    assert [path.name for path in shards_of(bank)] == [f"shard-0000{n}.npz" for n in range(3)]


def test_shards_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 99_999, 0):
        shard_path(tmp_path, number).touch()
    assert shards_of(tmp_path) == [shard_path(tmp_path, number) for number in (0, 2, 10, 99_999)]

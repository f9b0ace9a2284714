"""What a shard says of itself survives being stored, and a file that is no shard is refused by its name."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.input_geometry import DatasetGeometry, InputGeometry
from tests.trainer.striped import DESCRIPTION, forget_description
from trainer.data.dataset import read_maps, read_patches, shards_of
from trainer.data.description import (
    KEY,
    LegacyWarning,
    ShardDescription,
    describe,
    opened_shard,
    read_description,
    to_text,
)
from trainer.data.geometry import LEGACY_GEOMETRY

GEOMETRIES = st.builds(
    InputGeometry,
    patch_px=st.integers(1, 4096),
    pixel_size_nm=st.floats(1e-3, 10),
    preprocessing=st.text(min_size=1, max_size=12),
)
DESCRIPTIONS = st.builds(
    ShardDescription,
    geometry=st.builds(DatasetGeometry, detector=GEOMETRIES, classifier=GEOMETRIES),
    classes=st.lists(st.text(max_size=8), max_size=6).map(tuple),
    recipe_digest=st.text("0123456789abcdef", max_size=12),
    seed=st.none() | st.integers(0, 2**63),
)


@given(DESCRIPTIONS)
def test_a_description_reads_back_as_it_was_stored(
    tmp_path_factory: pytest.TempPathFactory, description: ShardDescription
) -> None:
    path = tmp_path_factory.mktemp("shard") / "shard-00000.npz"
    np.savez(path, **{KEY: np.array(to_text(description))})
    assert read_description(path) == description


@given(DESCRIPTIONS, DESCRIPTIONS)
def test_two_descriptions_agree_or_differ_whichever_is_asked(one: ShardDescription, other: ShardDescription) -> None:
    def differ(first: ShardDescription, second: ShardDescription) -> bool:
        try:
            first.check_same(second, "they")
        except ValueError:
            return True
        return False

    assert not differ(one, one)
    assert differ(one, other) == differ(other, one)
    assert differ(one, replace(other, geometry=one.geometry, classes=())) is False


def test_classes_that_one_of_two_shards_does_not_know_are_those_of_the_other(bank: Path) -> None:
    """In whichever order they come: the first that knows them gives them to all."""
    forget_description(bank / "shard-00000.npz")
    for shards in (shards_of(bank), shards_of(bank)[::-1]):
        with pytest.warns(LegacyWarning, match="1 of 3 shards do not say"):
            found = describe(shards)
        assert found == replace(DESCRIPTION, recipe_digest="", seed=None)


def test_a_dataset_that_says_all_of_itself_is_read_without_a_warning(bank: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert describe(shards_of(bank)).geometry == LEGACY_GEOMETRY


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def of_another_kind(path: Path) -> None:
    path.write_bytes(b"These are no arrays. " * 20)


def a_single_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def one_byte_turned(path: Path) -> None:
    """In the middle, which is data of an array: only the checksum can tell."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def of_python_objects(path: Path) -> None:
    np.savez(path, **{KEY: np.array([{"an": "object"}], dtype=object)}, patches=np.array([None]))


DAMAGES = (cut_short, emptied, of_another_kind, a_single_array, of_python_objects)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("read", [read_patches, read_maps, describe], ids=lambda read: read.__name__)
def test_a_file_that_is_no_whole_shard_is_refused_by_its_name(
    read: Callable[[list[Path]], object], damage: Callable[[Path], None], bank: Path
) -> None:
    damage(bank / "shard-00001.npz")
    with pytest.raises(ValueError, match=r"shard-00001\.npz is no whole shard of a dataset: "):
        read(shards_of(bank))


def test_a_flipped_bit_among_the_patches_is_noticed(bank: Path) -> None:
    one_byte_turned(bank / "shard-00001.npz")
    with pytest.raises(ValueError, match=r"shard-00001\.npz is no whole shard of a dataset: "):
        read_patches(shards_of(bank))


@pytest.mark.parametrize(
    ("lost", "read"), [("patches", read_patches), ("row_wave", read_patches), ("targets", read_maps)]
)
def test_an_array_that_a_shard_lacks_is_named(lost: str, read: Callable[[list[Path]], object], bank: Path) -> None:
    path = bank / "shard-00002.npz"
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name != lost}
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=rf"shard-00002\.npz is no whole shard of a dataset: .*{lost}"):
        read(shards_of(bank))


def test_a_shard_that_is_not_there_is_no_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), opened_shard(tmp_path / "shard-00000.npz"):
        pass

"""A store of exit waves to a dataset: resumed, shared by processes, and refused while films are missing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from simulator.exit_waves.generate import begin, make_here
from simulator.exit_waves.store import missing
from trainer.commands.make_dataset import DatasetPlan, make_dataset
from trainer.data.dataset import read_maps, read_patches, shard_path, shards_of

RECIPES = Path(__file__).parents[3] / "simulator" / "recipes"
SMALL = {
    "particles": "40",
    "films": "2",
    "shapes": '["cube", "icosahedron"]',
    "diameter_nm": "[1.5, 1.8]",
    "film_nm": "[0.5, 0.6]",
    "slice_nm": "0.4",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty particles and two films of the recipe `quick`, all smaller: the last two particles are the test split."""
    text = (RECIPES / "quick.toml").read_text(encoding="utf-8")
    for key, value in SMALL.items():
        text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", text, count=1)
    folder = tmp_path_factory.mktemp("store")
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    recipe = begin(path, folder / "waves")
    make_here(recipe, folder / "waves", missing(recipe, folder / "waves"), torch.device("cpu"), lambda n: None)
    return folder / "waves"


def plan(store: Path, out: Path) -> DatasetPlan:
    return DatasetPlan(store=store, out=out, split="train", shards=2, waves=20, exposures=1, seed=3)


def test_a_dataset_says_how_it_was_cut_and_numbers_the_structures_of_the_store(store: Path, tmp_path: Path) -> None:
    make_dataset(replace(plan(store, tmp_path), first_index=1000))
    patches = read_patches(shards_of(tmp_path))
    assert patches.patches.shape[1:] == (128, 128)
    # The waves of the second shard follow those of the first; rounds 9 and 19 of the two classes are held out.
    structures = set(patches.metadata["wave"])
    assert structures <= set(range(1000, 1040)) - {1018, 1019, 1038, 1039}
    assert min(structures) < 1020 <= max(structures)
    named = patches.metadata["label"] >= 0
    assert (patches.metadata["label"] == patches.metadata["wave"] % 2)[named].all()
    assert len(read_maps(shards_of(tmp_path)).channels) > 0


def test_two_parts_make_what_one_makes_and_a_finished_shard_is_kept(store: Path, tmp_path: Path) -> None:
    whole, shared = tmp_path / "whole", tmp_path / "shared"
    make_dataset(plan(store, whole))
    make_dataset(replace(plan(store, shared), part="2/2"))
    assert shards_of(shared) == [shard_path(shared, 1)]
    stamp = shard_path(shared, 1).stat().st_mtime_ns
    make_dataset(plan(store, shared))
    assert shard_path(shared, 1).stat().st_mtime_ns == stamp
    for number in range(2):
        with np.load(shard_path(whole, number)) as one, np.load(shard_path(shared, number)) as other:
            assert one.files == other.files
            for key in one.files:
                np.testing.assert_array_equal(one[key], other[key])


def test_films_that_are_still_to_come_are_missed_by_name(store: Path, tmp_path: Path) -> None:
    for path in store.iterdir():
        if not path.name.startswith("film"):
            (tmp_path / path.name).symlink_to(path)
    with pytest.raises(ValueError, match="has no train films for every beam energy yet"):
        make_dataset(plan(tmp_path, tmp_path / "out"))


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "a/b"])
def test_a_part_that_is_not_k_of_n_is_refused(store: Path, tmp_path: Path, part: str) -> None:
    with pytest.raises(ValueError, match="a part is K/N with 1 <= K <= N"):
        make_dataset(replace(plan(store, tmp_path), part=part))


def test_a_folder_that_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no recipe\.toml"):
        make_dataset(plan(tmp_path, tmp_path / "out"))

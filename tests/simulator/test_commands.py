"""The verbs that make, verify and sample exit waves: what they leave behind and what they say."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from simulator.cli import main
from tests.simulator.tiny import SHARDS, TINY, file_digests, write_tiny


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(recipe, folder) of a tiny store."""
    recipe, folder = write_tiny(tmp_path_factory.mktemp("recipe")), tmp_path_factory.mktemp("store")
    assert main(["make", str(recipe), "--out", str(folder), "--device", "cpu"]) == 0
    return recipe, folder


def test_make_leaves_the_shards_and_their_recipe_and_then_has_nothing_to_do(
    store: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, folder = store
    assert file_digests(folder).keys() == SHARDS
    assert (folder / "recipe.toml").read_text(encoding="utf-8") == TINY
    assert main(["make", str(recipe), "--out", str(folder)]) == 0
    assert "0 shards made, 0 left" in capsys.readouterr().out


def test_two_parts_make_one_store(store: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, folder = store
    assert main(["make", str(recipe), "--out", str(tmp_path), "--device", "cpu", "--part", "1/2"]) == 0
    assert "3 shards made, 2 left to other parts" in capsys.readouterr().out
    assert main(["make", str(recipe), "--out", str(tmp_path), "--device", "cpu", "--part", "2/2"]) == 0
    assert file_digests(tmp_path) == file_digests(folder)


def test_verify_finds_a_whole_store_the_same_bit_for_bit(
    store: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(store[1]), "--samples", "3", "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "5 shards whole, 0 not made, 0 damaged" in said
    assert said.count("the same bit for bit") == 3


def test_verify_names_what_is_damaged_and_returns_one(
    store: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in store[1].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with h5py.File(tmp_path / "film-00001.h5", "r+") as file:
        file["0000001"].attrs["thickness_nm"] += 0.1
    assert main(["verify", str(tmp_path), "--samples", "0"]) == 1
    said = capsys.readouterr().out
    assert "4 shards whole, 0 not made, 1 damaged" in said
    assert f"{tmp_path / 'film-00001.h5'} is damaged: sample 1" in said


@pytest.mark.parametrize(("kind", "index"), [("particle", 7), ("film", 1)])
def test_a_sample_needs_only_its_recipe_and_index(
    store: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, index: int
) -> None:
    recipe, folder = store
    out = tmp_path / "one.npz"
    command = ["sample", str(recipe), str(index), "--kind", kind, "--device", "cpu", "--out", str(out)]
    assert main(command) == 0
    said = capsys.readouterr().out
    number = index // 4 if kind == "particle" else index
    with h5py.File(folder / f"{kind}-{number:05d}.h5") as file, np.load(out) as fresh:
        group = file[f"{index:07d}"]
        assert group.attrs["sha256"] in said
        assert file.attrs["made_by"] in said
        np.testing.assert_array_equal(fresh["wave"], group["wave"][()])
        assert fresh["energy_kev"] == group.attrs["energy_kev"]

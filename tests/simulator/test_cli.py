"""beamside-simulate: what its commands say and return, and what they say when they cannot."""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from simulator.cli import main
from tests.simulator.tiny import SHARDS, TINY, file_digests, write_tiny


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(recipe, folder) of a tiny stock."""
    recipe, folder = write_tiny(tmp_path_factory.mktemp("recipe")), tmp_path_factory.mktemp("stock")
    assert main(["make", str(recipe), "--out", str(folder), "--device", "cpu"]) == 0
    return recipe, folder


def test_make_leaves_the_shards_and_their_recipe_and_then_has_nothing_to_do(
    stock: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, folder = stock
    assert file_digests(folder).keys() == SHARDS
    assert (folder / "recipe.toml").read_text(encoding="utf-8") == TINY
    assert main(["make", str(recipe), "--out", str(folder)]) == 0
    assert "0 shards made, 0 left" in capsys.readouterr().out


def test_two_parts_make_one_stock(stock: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, folder = stock
    assert main(["make", str(recipe), "--out", str(tmp_path), "--device", "cpu", "--part", "1/2"]) == 0
    assert "3 shards made, 2 left to other parts" in capsys.readouterr().out
    assert main(["make", str(recipe), "--out", str(tmp_path), "--device", "cpu", "--part", "2/2"]) == 0
    assert file_digests(tmp_path) == file_digests(folder)


def test_verify_finds_a_whole_stock_the_same_bit_for_bit(
    stock: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(stock[1]), "--samples", "3", "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "5 shards whole, 0 not made, 0 damaged" in said
    assert said.count("the same bit for bit") == 3


def test_verify_names_what_is_damaged_and_returns_one(
    stock: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in stock[1].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with h5py.File(tmp_path / "film-00001.h5", "r+") as file:
        file["0000001"].attrs["thickness_nm"] += 0.1
    assert main(["verify", str(tmp_path), "--samples", "0"]) == 1
    said = capsys.readouterr().out
    assert "4 shards whole, 0 not made, 1 damaged" in said
    assert f"{tmp_path / 'film-00001.h5'} is damaged: sample 1" in said


@pytest.mark.parametrize(("kind", "index"), [("particle", 7), ("film", 1)])
def test_a_sample_needs_only_its_recipe_and_index(
    stock: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, index: int
) -> None:
    recipe, folder = stock
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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["make", "nowhere.toml", "--out", "x"], "nowhere.toml"),
        (["make", "RECIPE", "--out", "STOCK", "--part", "3/2"], "a part is K/N"),
        (["make", "RECIPE", "--out", "STOCK", "--device", "tpu"], "--device is auto, cpu or cuda, got 'tpu'"),
        (["make", "RECIPE", "--out", "STOCK", "--slurm", "0", "--script"], "jobs must be positive, got 0"),
        (["sample", "RECIPE", "-1"], "an index is 0 or more, got -1"),
        (["verify", "."], "holds no recipe.toml"),
        (["show", "RECIPE"], r"needs a table [envelope]"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_and_returns_two(
    stock: tuple[Path, Path], capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    names = {"RECIPE": str(stock[0]), "STOCK": str(stock[1])}
    assert main([names.get(a, a) for a in arguments]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("beamside-simulate: ")
    assert told in said[-1]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_not_replaced_in_silence(
    stock: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["make", str(stock[0]), "--out", str(tmp_path), "--device", "cuda"]) == 2
    assert "torch sees no GPU here" in capsys.readouterr().err


def test_the_script_of_a_slurm_job_is_printed_and_nothing_started(
    stock: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("dask_jobqueue")
    where = ["--slurm", "4", "--queue", "day", "--processes-a-job", "16", "--script"]
    assert main(["make", str(stock[0]), "--out", str(tmp_path), *where]) == 0
    assert "#SBATCH -p day" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lacking", "reloaded", "arguments", "told"),
    [
        ("torch", "simulator.commands", ["sample", "RECIPE", "0"], "beamside[train]"),
        (
            "matplotlib",
            "simulator.figures.contact_sheet",
            ["show", "TASK"],
            "pictures need matplotlib: pip install 'beamside[train]'",
        ),
        (
            "distributed",
            "simulator.exit_waves.cluster",
            ["make", "RECIPE", "--out", "OUT", "--scheduler", "tcp://x:1"],
            "[scale]",
        ),
    ],
)
def test_a_missing_extra_is_named(
    stock: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lacking: str,
    reloaded: str,
    arguments: list[str],
    told: str,
) -> None:
    for name in [n for n in sys.modules if n.startswith((f"{lacking}.", "simulator.figures.contact_sheet"))] + [
        reloaded
    ]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, lacking, None)
    task = Path(__file__).parents[2] / "simulator" / "recipes" / "task.toml"
    names = {"RECIPE": str(stock[0]), "TASK": str(task), "OUT": str(tmp_path / "out")}
    assert main([names.get(a, a) for a in arguments]) == 2
    assert told in capsys.readouterr().err

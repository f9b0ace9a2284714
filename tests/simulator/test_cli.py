"""beamside-simulate: what its commands say and return, and what they say when they cannot."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from simulator.cli import main
from tests.simulator.tiny import write_tiny


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(recipe, folder) of a tiny store."""
    recipe, folder = write_tiny(tmp_path_factory.mktemp("recipe")), tmp_path_factory.mktemp("store")
    assert main(["make", str(recipe), "--out", str(folder), "--device", "cpu"]) == 0
    return recipe, folder


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["make", "nowhere.toml", "--out", "x"], "nowhere.toml"),
        (["make", "RECIPE", "--out", "STORE", "--part", "3/2"], "a part is K/N"),
        (["make", "RECIPE", "--out", "STORE", "--device", "tpu"], "--device is auto, cpu or cuda, got 'tpu'"),
        (["make", "RECIPE", "--out", "STORE", "--slurm", "0", "--script"], "jobs must be positive, got 0"),
        (["sample", "RECIPE", "-1"], "an index is 0 or more, got -1"),
        (["verify", "."], "holds no recipe.toml"),
        (["show", "RECIPE"], r"needs a table [envelope]"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_and_returns_two(
    store: tuple[Path, Path], capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    names = {"RECIPE": str(store[0]), "STORE": str(store[1])}
    assert main([names.get(a, a) for a in arguments]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("beamside-simulate: ")
    assert told in said[-1]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_not_replaced_in_silence(
    store: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["make", str(store[0]), "--out", str(tmp_path), "--device", "cuda"]) == 2
    assert "torch sees no GPU here" in capsys.readouterr().err


def test_the_script_of_a_slurm_job_is_printed_and_nothing_started(
    store: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("dask_jobqueue")
    where = ["--slurm", "4", "--queue", "day", "--processes-a-job", "16", "--script"]
    assert main(["make", str(store[0]), "--out", str(tmp_path), *where]) == 0
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
    store: tuple[Path, Path],
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
    names = {"RECIPE": str(store[0]), "TASK": str(task), "OUT": str(tmp_path / "out")}
    assert main([names.get(a, a) for a in arguments]) == 2
    assert told in capsys.readouterr().err

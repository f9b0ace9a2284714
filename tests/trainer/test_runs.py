"""The scripts that rebuild the released models call commands that exist, with mixtures that fill their windows."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from argparse import Namespace
from pathlib import Path

import pytest

from trainer.cli import _parser
from trainer.data.loader import ShardWindow
from trainer.data.mixture import read_mixture

ROOT = Path(__file__).parents[2]
WRITTEN_DOWN = '#!/usr/bin/env bash\n{{ printf "%q " "$@"; echo; }} >> "{log}"\n'
"""Stands in for a command and writes its arguments down."""


def commands_of(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Arguments of every `beamside-train` that a script calls, in a folder with the repository's recipes and runs."""
    for part in ("simulator/recipes", "trainer/runs"):
        shutil.copytree(ROOT / part, folder / part)
    for store in ("task", "pale", "small", "between"):
        (folder / "data/waves" / store).mkdir(parents=True)
        shutil.copy(ROOT / f"simulator/recipes/{store}.toml", folder / "data/waves" / store / "recipe.toml")
    log = folder / "train.log"
    for name, where in (("beamside-train", log), ("beamside-simulate", folder / "simulate.log")):
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(WRITTEN_DOWN.format(log=where), "utf-8")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)
    done = subprocess.run(["bash", f"trainer/runs/{script}"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [shlex.split(line) for line in log.read_text("utf-8").splitlines()]


@pytest.mark.skipif(shutil.which("bash") is None, reason="the runs are shell scripts")
@pytest.mark.parametrize(("script", "fits"), [("second.sh", 5), ("third.sh", 2), ("fourth.sh", 3)])
def test_every_command_of_a_run_is_one_that_exists(
    script: str, fits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[Namespace] = [_parser().parse_args(one) for one in commands_of(script, tmp_path, monkeypatch)]
    trainings = [options for options in parsed if hasattr(options, "mixture")]
    assert len(trainings) == fits
    for options in trainings:
        shards = options.shards if options.mixture is None else len(read_mixture(ROOT / options.mixture))
        window = ShardWindow(
            shards=options.shards or shards,
            width=options.window,
            start=options.start_shards,
            steps_per_shard=options.steps_per_shard,
        )
        assert window.shards <= shards
        if options.mixture is not None:  # by its end such a run has taken in every shard that it was given
            assert window.at(options.steps).stop == window.shards

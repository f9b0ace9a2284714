"""Making a store: killed runs go on, processes and parts share the work, nothing is doubled."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from simulator.exit_waves.generate import begin, make_in_processes, part_of
from simulator.exit_waves.provenance import made_by, versions
from simulator.exit_waves.store import (
    Shard,
    maker_of,
    missing,
    shards,
)
from simulator.exit_waves.verify import compare_with_simulation, draw_samples, health
from simulator.recipe import WaveRecipe
from tests.simulator.tiny import SHARDS, TINY, file_digests, write_tiny

CPU = torch.device("cpu")


FIRST = Shard(kind="particle", number=0)


def ignore(_: int) -> None:
    """Nobody watches."""


HALTING = """
import sys
from pathlib import Path
import torch
from simulator.exit_waves.store import missing
from simulator.exit_waves.generate import begin, make_here

waves = 0

def halt_in_the_second_shard(n):
    global waves
    waves += n
    if waves == 6:
        print("in mid-shard", flush=True)
        sys.stdin.readline()

torch.set_num_threads(1)
folder = Path(sys.argv[2])
recipe = begin(Path(sys.argv[1]), folder)
make_here(recipe, folder, missing(recipe, folder), torch.device("cpu"), halt_in_the_second_shard)
"""


def test_a_run_killed_in_mid_shard_goes_on_without_a_broken_or_doubled_sample(
    whole: tuple[WaveRecipe, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    command = [sys.executable, "-c", HALTING, str(write_tiny(tmp_path)), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "in mid-shard\n"
        run.send_signal(signal.SIGKILL)
    assert run.returncode == -signal.SIGKILL
    assert file_digests(folder).keys() == {"particle-00000.h5"}
    done = subprocess.run(
        [sys.executable, "-m", "simulator.cli", "make", command[-2], "--out", command[-1], "--device", "cpu"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "4 shards made" in done.stdout
    assert file_digests(folder) == file_digests(whole[1])
    assert file_digests(folder).keys() == SHARDS


def test_several_processes_make_the_same_bytes_as_one(whole: tuple[WaveRecipe, Path], tmp_path: Path) -> None:
    recipe, folder = whole
    seen: list[int] = []
    make_in_processes(recipe, tmp_path, shards(recipe), CPU, 2, seen.append)
    assert file_digests(tmp_path) == file_digests(folder)
    assert sum(seen) == recipe.particles + recipe.films


def test_a_killed_process_of_several_is_told_and_leaves_only_whole_shards(
    whole: tuple[WaveRecipe, Path], tmp_path: Path
) -> None:
    longer = replace(whole[0], particles=80)

    def kill_one(waves: int) -> None:
        if waves:
            os.kill(next(c.pid for c in multiprocessing.active_children() if c.pid), signal.SIGKILL)

    with pytest.raises(ChildProcessError, match="the same command goes on from here"):
        make_in_processes(longer, tmp_path, shards(longer), CPU, 2, kill_one)
    found = health(longer, tmp_path, shards(longer), ignore)
    assert found.damaged == ()
    assert list(found.absent) == missing(longer, tmp_path) != []
    for shard, index in draw_samples(longer, found.whole, 3, np.random.default_rng(1)):
        assert compare_with_simulation(longer, tmp_path, shard, index, CPU).differing == ()


MANY = """
import sys
from pathlib import Path
import torch
from simulator.exit_waves.store import missing
from simulator.exit_waves.generate import begin, make_in_processes

folder = Path(sys.argv[2])
recipe = begin(Path(sys.argv[1]), folder)
tell = lambda waves: waves and print("begun", flush=True)
make_in_processes(recipe, folder, missing(recipe, folder), torch.device("cpu"), 2, tell)
"""


def test_processes_end_with_the_run_that_started_them(tmp_path: Path) -> None:
    long = write_tiny(tmp_path, TINY.replace("particles = 10", "particles = 100000"))
    with subprocess.Popen(
        [sys.executable, "-c", MANY, str(long), str(tmp_path / "store")], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "begun\n"
        run.send_signal(signal.SIGKILL)
        # The pipe ends when nobody holds its other end any more.
        run.communicate(timeout=60)


def test_the_parts_of_several_runs_are_the_whole() -> None:
    work = [Shard(kind=kind, number=n) for kind in ("particle", "film") for n in range(7)]
    parts = [part_of(work, f"{k}/3") for k in (1, 2, 3)]
    assert sorted((shard for part in parts for shard in part), key=str) == sorted(work, key=str)


@pytest.mark.parametrize("part", ["0/3", "4/3", "1", "a/b", "1/2/3", ""])
def test_a_part_that_is_none_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="K/N with 1 <= K <= N"):
        part_of([FIRST], part)


def test_a_shard_says_what_made_it(whole: tuple[WaveRecipe, Path]) -> None:
    recipe, folder = whole
    maker = maker_of(recipe, FIRST.path(folder))
    assert maker == made_by(CPU)
    assert maker.startswith(versions(CPU))
    assert maker.endswith(f"{torch.backends.cpu.get_cpu_capability()}, threads 1")


def test_a_folder_of_another_recipe_is_refused(whole: tuple[WaveRecipe, Path], tmp_path: Path) -> None:
    other = write_tiny(tmp_path, TINY.replace("slice_nm = 0.4", "slice_nm = 0.5"))
    with pytest.raises(ValueError, match="was begun with another recipe"):
        begin(other, whole[1])
    elsewhere = begin(other, tmp_path / "other")
    with pytest.raises(ValueError, match="was made by another recipe"):
        missing(elsewhere, whole[1])

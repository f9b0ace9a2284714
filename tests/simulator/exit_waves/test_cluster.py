"""Stocks made by a Dask cluster: a worker dies in mid-run, and every shard is there, once, as one process makes it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from simulator.cli import main
from simulator.exit_waves.generate import make_here
from simulator.exit_waves.provenance import versions
from simulator.exit_waves.store import missing, shards
from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_waves
from tests.simulator.tiny import SHARDS, file_digests, write_tiny

distributed = pytest.importorskip("distributed", reason="needs the extra `scale`")
cluster = pytest.importorskip(
    "simulator.exit_waves.cluster", reason="needs the extra `scale`", exc_type=ModuleNotFoundError
)

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two worker processes of one thread on this machine; their nannies start a new one when one dies."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as machines,
        distributed.Client(machines) as client,
    ):
        yield client


def test_a_worker_killed_in_mid_run_costs_no_shard_and_doubles_none(client: Any, tmp_path: Path) -> None:
    recipe = replace(read_waves(write_tiny(tmp_path)), particles=48)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    theirs.mkdir()
    workers = client.run(os.getpid)
    ticks: list[int] = []

    def kill_one(waves: int) -> None:
        if not ticks:
            os.kill(next(iter(workers.values())), signal.SIGKILL)
        ticks.append(waves)

    cluster.make_on_cluster(recipe, theirs, shards(recipe), CPU, client, kill_one)
    assert len(workers) == 2
    assert sum(ticks) == recipe.particles + recipe.films
    torch.set_num_threads(1)
    make_here(recipe, ours, missing(recipe, ours), CPU, lambda _: None)
    assert missing(recipe, theirs) == []
    assert file_digests(theirs) == file_digests(ours)


def test_the_command_line_finds_a_scheduler(client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = client.scheduler.address
    assert main(["make", str(write_tiny(tmp_path)), "--out", str(tmp_path / "far"), "--scheduler", address]) == 0
    assert "5 shards made, 0 left" in capsys.readouterr().out
    assert file_digests(tmp_path / "far").keys() == SHARDS


@pytest.fixture
def recipe(tmp_path: Path) -> WaveRecipe:
    return read_waves(write_tiny(tmp_path))


def test_a_worker_of_other_versions_is_refused(recipe: WaveRecipe, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"tcp://far has beamside .*, the client beamside 0\.0"):
        cluster.make_as_task(recipe, tmp_path, shards(recipe)[0], CPU, wanted="beamside 0.0", worker="tcp://far")


def test_a_worker_that_does_not_see_the_folder_is_told(recipe: WaveRecipe, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"tcp://far does not see .*it must be on a shared disk"):
        cluster.make_as_task(recipe, tmp_path / "no", shards(recipe)[0], CPU, wanted=versions(CPU), worker="tcp://far")


def test_a_shard_that_is_there_is_not_made_twice(recipe: WaveRecipe, tmp_path: Path) -> None:
    shard = shards(recipe)[0]
    cluster.make_as_task(recipe, tmp_path, shard, CPU, wanted=versions(CPU), worker="tcp://far")
    first = shard.path(tmp_path).stat()
    cluster.make_as_task(recipe, tmp_path, shard, CPU, wanted=versions(CPU), worker="tcp://far")
    again = shard.path(tmp_path).stat()
    assert (first.st_mtime_ns, first.st_ino) == (again.st_mtime_ns, again.st_ino)


def test_a_job_of_slurm_asks_for_what_was_wanted() -> None:
    script = cluster.job_script(
        cluster.SlurmJobs(
            jobs=20,
            processes_per_job=8,
            memory_gb_per_process=1.5,
            walltime="01:30:00",
            queue="day",
            account="lab",
            gpus_per_job=1,
        )
    )
    for line in (
        "#SBATCH -J beamside-waves",
        "#SBATCH -p day",
        "#SBATCH -A lab",
        "#SBATCH --cpus-per-task=8",
        "#SBATCH --mem=12G",
        "#SBATCH -t 01:30:00",
        "#SBATCH --gres=gpu:1",
        "export OMP_NUM_THREADS=1",
    ):
        assert line in script.splitlines()
    assert "--nthreads 1 " in script
    assert "--nworkers 8 " in script


def test_jobs_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="jobs must be positive, got 0"):
        cluster.SlurmJobs(jobs=0)

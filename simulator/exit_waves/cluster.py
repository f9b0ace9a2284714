"""Shards made by many machines: on a Dask scheduler that is running, or by jobs that Slurm starts (dask-jobqueue).

A task is a shard. Its worker writes it whole or not at all into a folder that all machines see; a task whose worker
dies is given to another, and one that was finished before its worker died is not made twice. Needs the extra `scale`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from dask_jobqueue.slurm import SLURMCluster
from distributed import Client, KilledWorker, as_completed, get_worker

from simulator.exit_waves.generate import make_shard
from simulator.exit_waves.provenance import versions
from simulator.exit_waves.store import Shard, is_finished
from simulator.recipe import WaveRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class SlurmJobs:
    """What is asked of Slurm; all else comes from dask-jobqueue's own file, ~/.config/dask/jobqueue.yaml."""

    jobs: int
    """How many are started; each is one script."""
    processes_per_job: int = 1
    """Workers of one thread each."""
    memory_gb_per_process: float = 2.0
    """Asked for; a process needs about 0.6 GB."""
    walltime: str = "04:00:00"
    """Of a job, as Slurm writes it."""
    queue: str | None = None
    """Partition; None for dask-jobqueue's own setting."""
    account: str | None = None
    """None for dask-jobqueue's own setting."""
    gpus_per_job: int = 0
    """Asked for by --gres."""

    def __post_init__(self) -> None:
        for name in ("jobs", "processes_per_job", "memory_gb_per_process"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")


def slurm_cluster(wanted: SlurmJobs) -> SLURMCluster:
    """A scheduler in this process and, once it is scaled, jobs of Slurm whose workers find it. Close it afterwards."""
    return SLURMCluster(
        job_name="beamside-waves",
        scheduler_options={"dashboard_address": ":0"},
        cores=wanted.processes_per_job,
        processes=wanted.processes_per_job,
        memory=f"{wanted.memory_gb_per_process * wanted.processes_per_job:.2f}GB",
        walltime=wanted.walltime,
        queue=wanted.queue,
        account=wanted.account,
        job_extra_directives=[f"--gres=gpu:{wanted.gpus_per_job}"] if wanted.gpus_per_job else [],
        job_script_prologue=["export OMP_NUM_THREADS=1", "export MKL_NUM_THREADS=1"],
    )


def job_script(wanted: SlurmJobs) -> str:
    """The script that one job of `slurm_cluster` would be submitted with."""
    with slurm_cluster(wanted) as cluster:
        return str(cluster.job_script())


def make_with_scheduler(
    recipe: WaveRecipe,
    folder: Path,
    work: Sequence[Shard],
    device: torch.device,
    address: str,
    tick: Callable[[int], object],
) -> None:
    """Make the shards on the workers of a scheduler that is running.

    Raises:
        OSError: the scheduler does not answer.
        ChildProcessError, FileNotFoundError, ValueError: as `make_on_cluster` does.
    """
    with Client(address) as client:  # type: ignore[no-untyped-call]
        make_on_cluster(recipe, folder, work, device, client, tick)


def make_with_slurm(
    recipe: WaveRecipe,
    folder: Path,
    work: Sequence[Shard],
    device: torch.device,
    wanted: SlurmJobs,
    tick: Callable[[int], object],
) -> None:
    """Start jobs, make the shards, end the jobs.

    Raises:
        ChildProcessError, FileNotFoundError, ValueError: as `make_on_cluster` does.
    """
    with slurm_cluster(wanted) as cluster, Client(cluster) as client:  # type: ignore[no-untyped-call]
        cluster.scale(jobs=wanted.jobs)
        make_on_cluster(recipe, folder, work, device, client, tick)


def make_on_cluster(
    recipe: WaveRecipe,
    folder: Path,
    work: Sequence[Shard],
    device: torch.device,
    client: Client,
    tick: Callable[[int], object],
) -> None:
    """Make every shard on the workers of a client; `tick(n)` is called when a shard of n waves is in its place.

    Raises:
        ChildProcessError: a shard was tried on several workers and each of them died.
        FileNotFoundError: a worker does not see the folder.
        ValueError: a worker has other versions than this process, so its waves might be others. Another processor is
            no reason: its waves are the same within rounding, and its shards name it.
    """
    sizes = {}
    for shard in work:
        future = client.submit(_task, recipe, str(folder.resolve()), shard, device.type, versions(device), pure=False)
        sizes[future] = len(shard.indices(recipe))
    try:
        for future in as_completed(sizes):  # type: ignore[no-untyped-call]
            future.result()
            tick(sizes[future])
    except KilledWorker as error:
        raise ChildProcessError(f"{error}; the same command goes on from here") from error


def _task(recipe: WaveRecipe, folder: str, shard: Shard, device: str, wanted: str) -> None:
    torch.set_num_threads(1)
    make_as_task(recipe, Path(folder), shard, torch.device(device), wanted=wanted, worker=get_worker().address)


def make_as_task(
    recipe: WaveRecipe, folder: Path, shard: Shard, device: torch.device, *, wanted: str, worker: str
) -> None:
    """What a worker of the `wanted` versions does: one shard, unless it is there.

    Raises:
        FileNotFoundError, ValueError: as `make_on_cluster` does.
    """
    if versions(device) != wanted:
        raise ValueError(f"worker {worker} has {versions(device)}, the client {wanted}")
    if not folder.is_dir():
        raise FileNotFoundError(f"worker {worker} does not see {folder}: it must be on a shared disk")
    if not is_finished(recipe, shard, folder):
        make_shard(recipe, folder, shard, device, lambda: None)

"""Shards still to be made to shards on disk: in this process, or in several of this machine."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from ctypes import c_long
from multiprocessing.connection import wait as wait_for_one
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import h5py
import torch

from simulator.exit_waves.atomic_file import put_whole
from simulator.exit_waves.provenance import made_by
from simulator.exit_waves.shard_codec import write_group
from simulator.exit_waves.simulate import FilmWave, ParticleWave, film_wave, particle_wave
from simulator.exit_waves.store import RECIPE_FILE, Shard, recipe_digest
from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_waves

LOOK_S = 0.5
"""How often the bar is moved while other processes work."""


def begin(recipe_path: Path, folder: Path) -> WaveRecipe:
    """The recipe, and a copy of its file in the store's folder: a store says itself how it was made.

    Raises:
        ValueError: the folder holds a store of another recipe, or the recipe is not valid.
    """
    recipe = read_waves(recipe_path)
    copy = folder / RECIPE_FILE
    if copy.exists() and recipe_digest(read_waves(copy)) != recipe_digest(recipe):
        raise ValueError(f"{folder} was begun with another recipe than {recipe_path}; see {copy}")
    put_whole(copy, recipe_path.read_bytes())
    return recipe


def parse_part(part: str) -> tuple[int, int]:
    """(K, N) of ``K/N``: the K-th of N processes that share some work.

    Raises:
        ValueError: it is not of that form with 1 <= K <= N.
    """
    try:
        k, n = (int(number) for number in part.split("/"))
    except ValueError:
        k = n = 0
    if not 1 <= k <= n:
        raise ValueError(f"a part is K/N with 1 <= K <= N, got {part!r}")
    return k, n


def part_of(work: Sequence[Shard], part: str) -> list[Shard]:
    """The K-th of N shares, for ``K/N``.

    Raises:
        ValueError: it is not of that form.
    """
    k, n = parse_part(part)
    return [shard for shard in work if shard.number % n == k - 1]


def make_sample(recipe: WaveRecipe, kind: str, index: int, device: torch.device) -> ParticleWave | FilmWave:
    """Simulate one sample from the recipe's seed and its index alone."""
    return particle_wave(recipe, index, device) if kind == "particle" else film_wave(recipe, index, device)


def make_shard(
    recipe: WaveRecipe, folder: Path, shard: Shard, device: torch.device, tick: Callable[[], object]
) -> Path:
    """Simulate one shard in memory (about 20 MB) and put it in its place. `tick` is called after every wave."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["recipe"] = recipe_digest(recipe)
        file.attrs["made_by"] = made_by(device)
        for index in shard.indices(recipe):
            write_group(file, make_sample(recipe, shard.kind, index, device))
            tick()
    path = shard.path(folder)
    put_whole(path, content.getbuffer())
    return path


def make_here(
    recipe: WaveRecipe, folder: Path, work: Sequence[Shard], device: torch.device, tick: Callable[[int], object]
) -> None:
    """One after the other in this process; `tick(n)` is called after n more waves."""
    for shard in work:
        make_shard(recipe, folder, shard, device, lambda: tick(1))


def make_in_processes(
    recipe: WaveRecipe,
    folder: Path,
    work: Sequence[Shard],
    device: torch.device,
    processes: int,
    tick: Callable[[int], object],
) -> None:
    """In processes of one thread each; as `make_here`.

    Raises:
        ChildProcessError: a process was killed. What is finished stays; the same call goes on from there.
    """
    context = multiprocessing.get_context("spawn")
    waves: Synchronized[int] = context.Value(c_long, 0)
    seen = 0
    with ProcessPoolExecutor(processes, context, _begin_process, (waves,)) as pool:
        waiting = {pool.submit(_one_shard, recipe, folder, shard, device.type) for shard in work}
        try:
            while waiting:
                done, waiting = wait(waiting, LOOK_S, FIRST_COMPLETED)
                for future in done:
                    future.result()
                now = waves.value
                tick(now - seen)
                seen = now
        except BrokenProcessPool as error:
            raise ChildProcessError(
                "a process was killed (is memory short? each needs about 0.6 GB); the same command goes on from here"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_waves: Synchronized[int] | None = None
"""The counter that a child shares with its parent; set once, when the child begins."""


def _begin_process(waves: Synchronized[int]) -> None:
    global _waves
    _waves = waves
    torch.set_num_threads(1)
    # Ctrl-C reaches every process of a terminal: children end at once, the parent says what to do.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_one([parent.sentinel])
        os._exit(1)


def _one_shard(recipe: WaveRecipe, folder: Path, shard: Shard, device: str) -> None:
    make_shard(recipe, folder, shard, torch.device(device), _count)


def _count() -> None:
    if _waves is not None:
        with _waves.get_lock():
            _waves.value += 1

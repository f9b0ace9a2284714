"""A finished stock held against its checksums and against samples that are made again from the recipe alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from simulator.recipe import WaveRecipe
from simulator.stock import DamagedShardError, Shard, Stored, encoded, is_finished, make_sample, samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What became of a stock."""

    whole: tuple[Shard, ...]
    """Finished, every checksum right."""
    absent: tuple[Shard, ...]
    """Not made yet."""
    damaged: tuple[str, ...]
    """A sentence for each that is broken."""


def health(recipe: WaveRecipe, folder: Path, work: Sequence[Shard], tick: Callable[[int], object]) -> Health:
    """Read every sample of some shards; `tick(1)` is called after each shard.

    Raises:
        ValueError: a shard was made by another recipe.
    """
    whole, absent, damaged = [], [], []
    for shard in work:
        try:
            if is_finished(recipe, shard, folder):
                for _ in samples(recipe, shard.path(folder)):
                    pass
                whole.append(shard)
            else:
                absent.append(shard)
        except DamagedShardError as error:
            damaged.append(str(error))
        tick(1)
    return Health(whole=tuple(whole), absent=tuple(absent), damaged=tuple(damaged))


def draw_samples(
    recipe: WaveRecipe, whole: Sequence[Shard], count: int, rng: np.random.Generator
) -> list[tuple[Shard, int]]:
    """Up to `count` samples at random, no one twice."""
    every = [(shard, index) for shard in whole for index in shard.indices(recipe)]
    return [every[n] for n in rng.permutation(len(every))[:count]]


def made_again(recipe: WaveRecipe, folder: Path, shard: Shard, index: int, device: torch.device) -> list[str]:
    """Simulate one sample again and name what is not the same bit for bit; nothing when all is."""
    stored = next(samples(recipe, shard.path(folder), index))
    return differences(stored, encoded(make_sample(recipe, shard.kind, index, device)))


def differences(stored: Stored, again: Stored) -> list[str]:
    """Sentences on what differs. Truth that an old stock does not have yet is not compared."""
    found = [f"{key} differs{_by(old, again[1][key])}" for key, old in stored[1].items() if _differ(old, again[1][key])]
    for key, old in stored[2].items():
        new = again[2].get(key)
        if _differ(old, new):
            found.append(f"{key} was {old}, is {new}")
    return found


def _differ(old: Any, new: Any) -> bool:
    return not np.array_equal(old, new)


def _by(old: NDArray[Any], new: NDArray[Any]) -> str:
    if old.shape != new.shape:
        return f": it was {old.shape}, is {new.shape}"
    return f" by up to {np.abs(old.astype(np.float32) - new.astype(np.float32)).max():.3g}"

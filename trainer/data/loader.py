"""A bank that is still being rendered to batches: a window of shards that moves on with the steps.

Which shards a step draws from follows from the step alone, so a run is the same whether the renderer was ahead of it
or it had to wait. An image is seen for `window` moves of the window, each time in another of its eight turns and flips.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.augment import roughen, turn
from trainer.data.dataset import Maps, Patches, read_maps, read_patches

POLL_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which shards are drawn from."""

    shards: int
    """Of the whole bank."""
    width: int
    """Of them in use at most; memory is bounded by it."""
    start: int
    """Of them needed to begin."""
    steps_a_shard: int
    """After so many steps one more is taken in, and the oldest is given up where there are `width`."""

    def __post_init__(self) -> None:
        if not (0 < self.start <= self.width and self.start <= self.shards and self.steps_a_shard > 0):
            raise ValueError(f"need 0 < start <= width, start <= shards, steps_a_shard > 0, got {self}")

    def at(self, step: int) -> range:
        """Numbers of the shards in use at a step."""
        newest = min(self.start + step // self.steps_a_shard, self.shards)
        return range(max(0, newest - self.width), newest)


@dataclass(slots=True, kw_only=True)
class Feed:
    """Reads shards as the window reaches them; waits for those that are not there yet."""

    bank: Path
    window: Window
    read: Callable[[list[Path]], Patches | Maps]
    sleep: Callable[[float], None] = time.sleep
    _held: dict[int, Patches | Maps] = field(default_factory=dict)

    def shards(self, step: int) -> list[Patches | Maps]:
        """What a step may draw from, in memory."""
        wanted = self.window.at(step)
        for number in [n for n in self._held if n not in wanted]:
            del self._held[number]
        for number in wanted:
            if number not in self._held:
                path = self.bank / f"shard-{number:05d}.npz"
                while not path.exists():
                    self.sleep(POLL_S)
                self._held[number] = self.read([path])
        return [self._held[n] for n in wanted]


def patch_feed(bank: Path, window: Window) -> Feed:
    """A classifier's."""
    return Feed(bank=bank, window=window, read=read_patches)


def map_feed(bank: Path, window: Window) -> Feed:
    """A detector's."""
    return Feed(bank=bank, window=window, read=read_maps)


def batch(
    shards: list[Patches | Maps], size: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32] | NDArray[np.int64]]:
    """(inputs, wanted) of random samples, each in one of its eight turns and flips.

    Classifier: (n, 1, p, p) and labels (n,). Detector: (n, 2, s, s) and (n, 4, s, s), the last map saying what is real.
    """
    picked = [shards[int(n)] for n in rng.integers(len(shards), size=size)]
    turns = rng.integers(8, size=size)
    pairs = [
        _sample(shard, int(rng.integers(_count(shard))), int(k), rng) for shard, k in zip(picked, turns, strict=True)
    ]
    inputs = _stacked([p[0] for p in pairs])
    if isinstance(shards[0], Patches):
        return inputs, np.array([int(p[1]) for p in pairs])
    return inputs, _stacked([p[1] for p in pairs])


def _count(shard: Patches | Maps) -> int:
    return len(shard.patches) if isinstance(shard, Patches) else len(shard.channels)


def _sample(
    shard: Patches | Maps, n: int, k: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if isinstance(shard, Patches):
        patch = roughen(turn(shard.patches[n], k).astype(np.float32), rng)
        return patch[None], np.asarray(shard.rows["label"][n])
    height, width = shard.valid[n]
    real = np.zeros((1, *shard.targets.shape[2:]), dtype=np.float32)
    real[:, :height, :width] = 1
    wanted = np.concatenate([shard.targets[n].astype(np.float32) / 255, real])
    return turn(shard.channels[n], k).astype(np.float32), turn(wanted, k)


def _stacked(items: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Along a new first axis; smaller maps are padded at their ends with zeros."""
    sides = [max(item.shape[axis] for item in items) for axis in (-2, -1)]
    whole = np.zeros((len(items), items[0].shape[0], *sides), dtype=np.float32)
    for place, item in zip(whole, items, strict=True):
        place[:, : item.shape[1], : item.shape[2]] = item
    return whole

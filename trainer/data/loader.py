"""A dataset that is still being rendered to batches: a window of shards that moves on with the steps.

Which shards a step draws from follows from the step alone, so a run is the same whether the renderer was ahead of it
or it had to wait. An image is seen for `window` moves of the window, each time in another of its eight turns and flips.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.augment import dihedral, perturb
from trainer.data.dataset import Maps, Patches, read_maps, read_patches
from trainer.data.description import ShardDescription, describe

POLL_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardWindow:
    """Which shards are drawn from."""

    shards: int
    """Of the whole dataset or mixture."""
    width: int
    """Of them in use at most; memory is bounded by it."""
    start: int
    """Of them needed to begin."""
    steps_per_shard: int
    """After so many steps one more is taken in, and the oldest is given up where there are `width`."""

    def __post_init__(self) -> None:
        """Check that it can begin and move.

        Raises:
            ValueError: it cannot.
        """
        if not (0 < self.start <= self.width and self.start <= self.shards and self.steps_per_shard > 0):
            raise ValueError(f"need 0 < start <= width, start <= shards, steps_per_shard > 0, got {self}")

    def at(self, step: int) -> range:
        """Numbers of the shards in use at a step."""
        newest = min(self.start + step // self.steps_per_shard, self.shards)
        return range(max(0, newest - self.width), newest)


@dataclass(slots=True, kw_only=True)
class Loader:
    """Reads shards as the window reaches them; waits for those that are not there yet."""

    paths: Sequence[Path]
    """Of all shards, in order, finished or still to come; one may stand in it several times."""
    window: ShardWindow
    read: Callable[[list[Path]], Patches | Maps]
    labels: bool
    """Whether the labels of all shards must mean the same."""
    sleep: Callable[[float], None] = time.sleep
    recipes: set[str] = field(default_factory=set)
    """Digests of the recipes behind the shards that were read."""
    _held: dict[int, Patches | Maps] = field(default_factory=dict)
    _description: ShardDescription | None = None

    def __post_init__(self) -> None:
        """Check that the window fits.

        Raises:
            ValueError: it reaches beyond the shards.
        """
        if len(self.paths) < self.window.shards:
            raise ValueError(f"a window over {self.window.shards} shards was promised, there are {len(self.paths)}")

    def description(self) -> ShardDescription:
        """How the samples were cut and what their labels mean, from the first shard; waits for it.

        Raises:
            ValueError: the shard cannot be understood.
            OSError: it cannot be read.
        """
        if self._description is None:
            self._description = describe([self._arrived(0)])
        return self._description

    def shards(self, step: int) -> list[Patches | Maps]:
        """What a step may draw from, in memory.

        Raises:
            ValueError: a shard differs from the first one in geometry or classes, or cannot be understood.
            OSError: it cannot be read.
        """
        wanted = self.window.at(step)
        for number in [n for n in self._held if n not in wanted]:
            del self._held[number]
        for number in wanted:
            if number not in self._held:
                self._held[number] = self.read([self._checked(number)])
        return [self._held[n] for n in wanted]

    def _arrived(self, number: int) -> Path:
        """The path of a shard, once it is there."""
        path = self.paths[number]
        while not path.exists():
            self.sleep(POLL_S)
        return path

    def _checked(self, number: int) -> Path:
        """The path of a shard, once it is there and is what the first one is."""
        first, path = self.description(), self._arrived(number)
        own = describe([path])
        first.check_same(own, f"shards of one training set, {self.paths[0]} and {path},", labels=self.labels)
        # A first shard that does not name its classes takes them from the first that does.
        if own.classes and not first.classes:
            self._description = replace(first, classes=own.classes)
        self.recipes |= {own.recipe_digest} - {""}
        return path


def patch_loader(paths: Sequence[Path], window: ShardWindow) -> Loader:
    """A classifier's."""
    return Loader(paths=paths, window=window, read=read_patches, labels=True)


def map_loader(paths: Sequence[Path], window: ShardWindow) -> Loader:
    """A detector's."""
    return Loader(paths=paths, window=window, read=read_maps, labels=False)


def batch(
    shards: list[Patches | Maps], size: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32] | NDArray[np.int64]]:
    """(inputs, wanted) of random samples, each in one of its eight turns and flips.

    Classifier: (n, 1, p, p) and labels (n,). Detector: (n, 2, s, s) and (n, 4, s, s), the last map saying what is real.

    Raises:
        ValueError: no shard holds a sample.
    """
    filled = [shard for shard in shards if _count(shard)]
    if not filled:
        raise ValueError(f"a batch of {size} samples was promised, none of {len(shards)} shards in use holds one")
    picked = [filled[int(n)] for n in rng.integers(len(filled), size=size)]
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
        patch = perturb(dihedral(shard.patches[n], k).astype(np.float32), rng)
        return patch[None], np.asarray(shard.metadata["label"][n])
    height, width = shard.valid[n]
    real = np.zeros((1, *shard.targets.shape[2:]), dtype=np.float32)
    real[:, :height, :width] = 1
    wanted = np.concatenate([shard.targets[n].astype(np.float32) / 255, real])
    return dihedral(shard.channels[n], k).astype(np.float32), dihedral(wanted, k)


def _stacked(items: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Along a new first axis; smaller maps are padded at their ends with zeros."""
    sides = [max(item.shape[axis] for item in items) for axis in (-2, -1)]
    whole = np.zeros((len(items), items[0].shape[0], *sides), dtype=np.float32)
    for place, item in zip(whole, items, strict=True):
        place[:, : item.shape[1], : item.shape[2]] = item
    return whole

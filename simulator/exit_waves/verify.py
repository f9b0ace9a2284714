"""A finished store held against its checksums and against samples that are made again from the recipe alone.

What the same kind of machine made must come again to the bit; what another one made, within rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from simulator.exit_waves.generate import make_sample
from simulator.exit_waves.provenance import made_by
from simulator.exit_waves.shard_codec import Stored, encoded
from simulator.exit_waves.store import DamagedShardError, Shard, is_finished, maker_of, stored_samples
from simulator.recipe import WaveRecipe

WAVE_ROUNDING = 2e-5
"""Waves of other processors or thread counts are off by up to 8e-6 of the vacuum wave in single precision
(12 particles and 3 films of `task.toml`, with and without AVX-512, with one thread and two); storing rounds it up to a
step of half precision. `python -m tests.bench.processors` measures it."""
TRUTH_ROUNDING = 1e-12
"""Numbers of the truth, in double precision, as a share of themselves: they are off in the last of their bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What became of a store."""

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
                for _ in stored_samples(recipe, shard.path(folder)):
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
    """Up to `count` samples at random, none twice."""
    every = [(shard, index) for shard in whole for index in shard.indices(recipe)]
    return [every[n] for n in rng.permutation(len(every))[:count]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How a stored sample compares with the same one simulated now."""

    maker: str
    """`made_by` of its shard."""
    here: str
    """`made_by` of this process. The bits are compared where both are the same; else rounding is allowed."""
    differing: tuple[str, ...]
    """A sentence for everything of which a bit differs."""
    wrong: tuple[str, ...]
    """Those of them that no rounding explains, or that may not differ by a bit."""

    def __str__(self) -> str:
        if not self.differing:
            return "the same bit for bit"
        if self.wrong:
            return f"{'; '.join(self.wrong)}; made by {self.maker}, here is {self.here}"
        return f"the same within rounding: {'; '.join(self.differing)}; made by {self.maker}"


def compare_with_simulation(
    recipe: WaveRecipe, folder: Path, shard: Shard, index: int, device: torch.device
) -> Comparison:
    """Simulate one sample again and compare: bit for bit where the same kind of machine made it, else within rounding.

    Raises:
        DamagedShardError: the stored one cannot be read.
    """
    path = shard.path(folder)
    stored = next(stored_samples(recipe, path, index))
    simulated = encoded(make_sample(recipe, shard.kind, index, device))
    maker, here = maker_of(recipe, path), made_by(device)
    return Comparison(
        maker=maker,
        here=here,
        differing=tuple(differences(stored, simulated)),
        wrong=tuple(differences(stored, simulated, rounding=maker != here)),
    )


def differences(stored: Stored, simulated: Stored, *, rounding: bool = False) -> list[str]:
    """Sentences on what differs by a bit, or beyond `rounding`. Truth that an old store lacks is not compared."""
    alike = _close if rounding else _same
    found = [
        f"{key} differs{_by(old, simulated[1][key])}"
        for key, old in stored[1].items()
        if not alike(old, simulated[1][key])
    ]
    for key, old in stored[2].items():
        new = simulated[2].get(key)
        if not alike(old, new):
            found.append(f"{key} was {old}, is {new}")
    return found


def _same(old: Any, new: Any) -> bool:
    """The same bits; an angle that is not there, NaN, is like itself."""
    old, new = np.asarray(old), np.asarray(new)
    return np.array_equal(old, new, equal_nan=old.dtype.kind == new.dtype.kind == "f")


def _close(old: Any, new: Any) -> bool:
    """The same within what processors and thread counts change: `WAVE_ROUNDING` and `TRUTH_ROUNDING`."""
    old, new = np.asarray(old), np.asarray(new)
    if old.shape != new.shape or not old.dtype.kind == new.dtype.kind == "f":
        return _same(old, new)
    if old.dtype == np.float16:
        step = np.maximum(np.spacing(np.abs(old)), np.spacing(np.abs(new))).astype(np.float32)
        return bool((np.abs(old.astype(np.float32) - new.astype(np.float32)) <= step + WAVE_ROUNDING).all())
    return np.allclose(new, old, rtol=TRUTH_ROUNDING, atol=TRUTH_ROUNDING, equal_nan=True)


def _by(old: NDArray[Any], new: NDArray[Any]) -> str:
    if old.shape != new.shape:
        return f": it was {old.shape}, is {new.shape}"
    return f" by up to {np.abs(old.astype(np.float32) - new.astype(np.float32)).max():.3g}"

"""Banks of rendered samples: .npz shards that are written whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data.samples import Samples

ROWS = (
    "label",
    "wave",
    "element",
    "diameter_nm",
    "zone_deg",
    "film_nm",
    "defocus_nm",
    "c3_nm",
    "dose_e_per_a2",
    "pixel_size_nm",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patches:
    """Samples of the classifier."""

    patches: NDArray[np.float16]
    """(n, p, p)."""
    rows: dict[str, NDArray[Any]]
    """`ROWS`, (n,) each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Maps:
    """Samples of the detector; maps are padded to one size, and `valid` says how much of each is real."""

    channels: NDArray[np.float16]
    """(n, 2, s, s)."""
    targets: NDArray[np.uint8]
    """(n, 3, s, s), 255 = one."""
    valid: NDArray[np.int32]
    """(n, 2), height and width."""


def write_shard(path: Path, samples: Samples) -> None:
    """Save what was rendered, in its place by a rename."""
    side = max((c.shape[1] for c in samples.channels), default=0)
    side = max(side, max((c.shape[2] for c in samples.channels), default=0))
    maps = np.zeros((len(samples.channels), 2, side, side), dtype=np.float16)
    targets = np.zeros((len(samples.channels), 3, side, side), dtype=np.uint8)
    for n, (c, t) in enumerate(zip(samples.channels, samples.targets, strict=True)):
        maps[n, :, : c.shape[1], : c.shape[2]] = c
        targets[n, :, : t.shape[1], : t.shape[2]] = t
    columns: dict[str, Any] = {f"row_{key}": np.array([row[key] for row in samples.rows]) for key in ROWS}
    valid = np.array([t.shape[1:] for t in samples.targets], dtype=np.int32)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, patches=np.array(samples.patches), channels=maps, targets=targets, valid=valid, **columns)
    unfinished.replace(path)


def shards_of(folder: Path) -> list[Path]:
    """Finished shards of a bank, in order.

    Raises:
        ValueError: there are none.
    """
    found = sorted(p for p in folder.glob("shard-*.npz") if not p.name.endswith(".part.npz"))
    if not found:
        raise ValueError(f"{folder} holds no shard-*.npz; make a bank with `beamside-train render`")
    return found


def read_patches(shards: Sequence[Path]) -> Patches:
    """All patches of some shards in memory."""
    files = [np.load(p) for p in shards]
    try:
        rows = {key: np.concatenate([f[f"row_{key}"] for f in files]) for key in ROWS}
        return Patches(patches=np.concatenate([f["patches"] for f in files]), rows=rows)
    finally:
        for file in files:
            file.close()


def read_maps(shards: Sequence[Path]) -> Maps:
    """All detector samples of some shards in memory, padded to the largest."""
    parts = []
    for path in shards:
        with np.load(path) as file:
            parts.append((file["channels"], file["targets"], file["valid"]))
    side = max(c.shape[2] for c, _, _ in parts)
    grow = [(0, 0), (0, 0)]
    return Maps(
        channels=np.concatenate(
            [np.pad(c, [*grow, (0, side - c.shape[2]), (0, side - c.shape[3])]) for c, _, _ in parts]
        ),
        targets=np.concatenate(
            [np.pad(t, [*grow, (0, side - t.shape[2]), (0, side - t.shape[3])]) for _, t, _ in parts]
        ),
        valid=np.concatenate([v for _, _, v in parts]),
    )

"""Datasets of rendered samples: .npz shards that say how they were cut and are written whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data.description import KEY, ShardDescription, describe, opened_shard, to_text
from trainer.data.samples import Samples

SHARD_STEM = "shard-"
"""Every finished shard's file name is this, a number of five digits or more, and ``.npz``."""
METADATA = (
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
EMPTY_COLUMNS = {"label": np.int64, "wave": np.int64, "element": np.str_}
"""Types of the columns that hold no floating-point numbers: a list without values does not say its own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patches:
    """Samples of the classifier."""

    patches: NDArray[np.float16]
    """(n, p, p)."""
    metadata: dict[str, NDArray[Any]]
    """What is known of each patch: the columns `METADATA`, (n,) each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Maps:
    """Samples of the detector; maps are padded to one size, and `valid` says how much of each is real."""

    channels: NDArray[np.float16]
    """(n, 2, s, s)."""
    targets: NDArray[np.uint8]
    """(n, 3, s, s), 255 = one."""
    valid: NDArray[np.int32]
    """(n, 2), height and width."""


def write_shard(path: Path, samples: Samples, description: ShardDescription) -> None:
    """Save what was rendered, in its place by a rename.

    Raises:
        ValueError: the patches are not of the size that the description says.
        OSError: the shard cannot be written.
    """
    side_px = description.geometry.classifier.patch_px
    if unfit := {patch.shape for patch in samples.patches} - {(side_px, side_px)}:
        raise ValueError(f"{path}: patches of {side_px} x {side_px} pixels were promised, got {sorted(unfit)}")
    side = max((c.shape[1] for c in samples.channels), default=0)
    side = max(side, max((c.shape[2] for c in samples.channels), default=0))
    maps = np.zeros((len(samples.channels), 2, side, side), dtype=np.float16)
    targets = np.zeros((len(samples.channels), 3, side, side), dtype=np.uint8)
    for n, (c, t) in enumerate(zip(samples.channels, samples.targets, strict=True)):
        maps[n, :, : c.shape[1], : c.shape[2]] = c
        targets[n, :, : t.shape[1], : t.shape[2]] = t
    columns: dict[str, Any] = {f"row_{key}": _column(key, [row[key] for row in samples.metadata]) for key in METADATA}
    # A shard without a particle or without a frame has arrays of the usual number of axes.
    valid = np.array([t.shape[1:] for t in samples.targets], dtype=np.int32).reshape(-1, 2)
    patches = np.array(samples.patches, dtype=np.float16).reshape(-1, side_px, side_px)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part.npz")
    columns[KEY] = np.array(to_text(description))
    np.savez(unfinished, patches=patches, channels=maps, targets=targets, valid=valid, **columns)
    unfinished.replace(path)


def _column(key: str, values: list[float | int | str]) -> NDArray[Any]:
    """A column (n,) of the metadata, of the usual type where it is empty."""
    return np.array(values) if values else np.array([], dtype=EMPTY_COLUMNS.get(key, np.float64))


def shard_path(folder: Path, number: int) -> Path:
    """Where a shard of a dataset lies once it is finished."""
    return folder / f"{SHARD_STEM}{number:05d}.npz"


def shards_of(folder: Path) -> list[Path]:
    """Finished shards of a dataset, in order.

    Raises:
        ValueError: there are none.
    """
    found = sorted(p for p in folder.glob(f"{SHARD_STEM}*.npz") if not p.name.endswith(".part.npz"))
    if not found:
        raise ValueError(f"{folder} holds no {SHARD_STEM}*.npz; make a dataset with `beamside-train render`")
    return found


def read_patches(shards: Sequence[Path]) -> Patches:
    """All patches of some shards in memory.

    Raises:
        ValueError: there are none, one is no whole shard, or two of them differ in geometry or classes.
        OSError: one cannot be read.
    """
    describe(shards)
    patches, columns = [], []
    for path in shards:
        with opened_shard(path) as file:
            patches.append(file["patches"])
            columns.append({key: file[f"row_{key}"] for key in METADATA})
    metadata = {key: np.concatenate([column[key] for column in columns]) for key in METADATA}
    return Patches(patches=np.concatenate(patches), metadata=metadata)


def read_maps(shards: Sequence[Path]) -> Maps:
    """All detector samples of some shards in memory, padded to the largest; their labels may differ.

    Raises:
        ValueError: there are none, one is no whole shard, or two of them differ in geometry.
        OSError: one cannot be read.
    """
    describe(shards, labels=False)
    parts = []
    for path in shards:
        with opened_shard(path) as file:
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

"""What a shard says of itself: how its samples were cut, what their labels mean, and what they were made of."""

from __future__ import annotations

import json
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protocol.errors import ProtocolError
from protocol.input_geometry import DatasetGeometry
from protocol.wire.typed import from_plain, to_plain
from trainer.data.geometry import LEGACY_GEOMETRY

KEY = "description"
"""Name of the JSON text among a shard's arrays."""


class LegacyWarning(UserWarning):
    """A shard or checkpoint does not say its geometry; it is taken for one of before November 2026."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardDescription:
    """Facts about all samples of a shard."""

    geometry: DatasetGeometry
    """Of the patches and of the maps."""
    classes: tuple[str, ...] = ()
    """Names of the labels 0, 1, …; empty where that is not known."""
    recipe_digest: str = ""
    """Of the recipe of the exit waves behind it; empty where that is not known or where there is none."""
    seed: int | None = None
    """That it was rendered with."""

    def check_same(self, other: ShardDescription, whose: str, *, labels: bool = True) -> None:
        """Compare geometry and, where labels matter, classes; those that one of the two does not know are not compared.

        Raises:
            ValueError: they differ; `whose` says of what the two are.
        """
        if other.geometry != self.geometry:
            raise ValueError(f"{whose} differ in their geometry: {self.geometry}; {other.geometry}")
        if labels and self.classes and other.classes and other.classes != self.classes:
            raise ValueError(
                f"{whose} differ in what their labels mean: {', '.join(self.classes)}; {', '.join(other.classes)}"
            )


LEGACY_DESCRIPTION = ShardDescription(geometry=LEGACY_GEOMETRY)
"""Of a shard that says nothing of itself."""


def to_text(description: ShardDescription) -> str:
    """As it is stored."""
    return json.dumps(to_plain(description))


@contextmanager
def opened_shard(path: Path) -> Iterator[Mapping[str, NDArray[Any]]]:
    """The arrays of a shard by name, each read from the file when it is asked for.

    Raises:
        ValueError: the file was cut short, is no shard, or lacks an array that is asked for.
        OSError: it cannot be read.
    """
    try:
        # numpy leaves a file open that it cannot make sense of.
        with path.open("rb") as raw, np.load(raw) as file:
            yield file
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no whole shard of a dataset: {error}") from error


def read_description(path: Path) -> ShardDescription | None:
    """What a shard says of itself; None where it says nothing.

    Raises:
        ValueError: it is no whole shard, or what it says cannot be understood.
        OSError: the shard cannot be read.
    """
    with opened_shard(path) as file:
        if KEY not in file:
            return None
        text = str(file[KEY])
    try:
        description: ShardDescription = from_plain(ShardDescription, json.loads(text), "description")
    except (ProtocolError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    return description


def describe(shards: Sequence[Path], *, labels: bool = True) -> ShardDescription:
    """The one description of several shards; recipe and seed are kept where all have the same.

    Warns, once for all of them, of shards that do not say how they were cut: `LEGACY_DESCRIPTION` is taken for them.

    Args:
        shards: at least one.
        labels: whether classes must be the same; a detector takes maps of shards whose labels mean different things.

    Raises:
        ValueError: there are none, one cannot be understood, or two differ in geometry or classes.
        OSError: one cannot be read.
    """
    if not shards:
        raise ValueError("a dataset of at least one shard was promised, got none")
    said = [read_description(path) for path in shards]
    if silent := sum(one is None for one in said):
        warnings.warn(
            f"{silent} of {len(shards)} shards do not say their geometry and are taken for shards of before November "
            f"2026: {LEGACY_GEOMETRY}",
            LegacyWarning,
            stacklevel=2,
        )
    known = [one or LEGACY_DESCRIPTION for one in said]
    named = next((one for one in known if one.classes), known[0])
    for path, one in zip(shards, known, strict=True):
        named.check_same(one, f"shards of one dataset, {shards[known.index(named)]} and {path},", labels=labels)
    return ShardDescription(
        geometry=named.geometry,
        classes=named.classes if labels or len({one.classes for one in known}) == 1 else (),
        recipe_digest=known[0].recipe_digest if len({one.recipe_digest for one in known}) == 1 else "",
        seed=known[0].seed if len({one.seed for one in known}) == 1 else None,
    )

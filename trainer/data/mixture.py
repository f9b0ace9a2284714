"""Which shards of which datasets a network is trained on, in which order: a value that is read from a file."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from protocol.errors import ProtocolError
from protocol.wire.typed import from_plain, to_plain
from trainer.data.dataset import shard_path

MAX_SHARD = 99_999
"""Shards are numbered with five digits."""
MAX_REPEATS = 100
MAX_SHARDS = 100_000
"""Of a mixture, with repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixturePart:
    """Some shards of one dataset."""

    dataset: str
    """Folder of the dataset, below the mixture's `folder`."""
    shards: tuple[tuple[int, int], ...]
    """First and last number of each run of shards, both of them in it: [[0, 9], [20, 34]]."""
    repeats: int = 1
    """How many times these shards are taken in, one time after the other."""

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            ProtocolError: naming the field at fault.
        """
        if not self.dataset or Path(self.dataset).is_absolute() or ".." in Path(self.dataset).parts:
            raise ProtocolError(f"dataset must be a folder below the mixture's folder, got {self.dataset!r}")
        if not self.shards:
            raise ProtocolError(f"{self.dataset}: shards must name at least one run of shards")
        for first, last in self.shards:
            if not 0 <= first <= last <= MAX_SHARD:
                raise ProtocolError(
                    f"{self.dataset}: shards must be 0 <= first <= last <= {MAX_SHARD}, got [{first}, {last}]"
                )
        if not 1 <= self.repeats <= MAX_REPEATS:
            raise ProtocolError(f"{self.dataset}: repeats must be 1 to {MAX_REPEATS}, got {self.repeats}")

    def numbers(self) -> list[int]:
        """Of the shards, in order, with repeats."""
        once = [n for first, last in self.shards for n in range(first, last + 1)]
        return once * self.repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """What a network is trained on."""

    name: str
    folder: str
    """Where the datasets lie, from the folder that the command runs in."""
    parts: tuple[MixturePart, ...]
    """In the order in which training takes them in."""

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            ProtocolError: it has no name or no shards, or too many.
        """
        if not self.name:
            raise ProtocolError("name must not be empty: checkpoints and cards say it")
        if not 1 <= len(self) <= MAX_SHARDS:
            raise ProtocolError(f"a mixture of 1 to {MAX_SHARDS} shards was promised, got {len(self)}")

    def __len__(self) -> int:
        """Number of shards, with repeats."""
        return sum(len(part.numbers()) for part in self.parts)

    def paths(self) -> list[Path]:
        """Of all shards, finished or still to come, in order."""
        return [shard_path(Path(self.folder) / part.dataset, n) for part in self.parts for n in part.numbers()]

    @property
    def identity(self) -> str:
        """Name and digest of everything that it says, for checkpoints and cards."""
        text = json.dumps(to_plain(self), sort_keys=True)
        return f"{self.name} {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def read_mixture(path: Path) -> Mixture:
    """A mixture from its TOML file.

    Raises:
        ValueError: the file is no mixture, a key is unknown or missing, or a value is out of its bounds.
        OSError: the file cannot be read.
    """
    try:
        mixture: Mixture = from_plain(Mixture, tomllib.loads(path.read_text(encoding="utf-8")), "mixture")
    except (ProtocolError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    return mixture

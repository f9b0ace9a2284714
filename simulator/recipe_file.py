"""Recipes as TOML, read by the typed reader of the wire and of settings; bounds are `simulator.recipe`'s."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from protocol.wire.typed import from_plain
from simulator.recipe import Envelope, WaveRecipe


def read_waves(path: Path) -> WaveRecipe:
    """The [waves] table of a recipe.

    Raises:
        ValueError: it is not a valid recipe; names the file, the table, the key and what is wrong.
        OSError: the file cannot be read.
    """
    return from_plain(WaveRecipe, _table(path, "waves"), f"{path}: [waves]")


def read_envelope(path: Path) -> Envelope:
    """The [envelope] table of a recipe.

    Raises:
        ValueError: it is not a valid recipe; names the file, the table, the key and what is wrong.
        OSError: the file cannot be read.
    """
    return from_plain(Envelope, _table(path, "envelope"), f"{path}: [envelope]")


def _table(path: Path, name: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from error
    unknown = sorted(content.keys() - {"waves", "envelope"})
    if unknown:
        raise ValueError(f"{path}: unknown {', '.join(unknown)}; a recipe has the tables [waves] and [envelope]")
    table = content.get(name)
    if not isinstance(table, dict):
        raise ValueError(f"{path}: needs a table [{name}], has {', '.join(sorted(content)) or 'none'}")
    return table

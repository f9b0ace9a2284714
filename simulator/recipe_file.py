"""Recipes as TOML: every key is known, none is missing, every value has its type; bounds are `simulator.recipe`'s."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from pathlib import Path
from typing import Any, get_args, get_type_hints

from simulator.recipe import Envelope, WaveRecipe

KINDS = {int: "a whole number", float: "a number", str: "a text"}


def read_waves(path: Path) -> WaveRecipe:
    """The [waves] table of a recipe.

    Raises:
        ValueError: it is not a valid recipe; names the file, the table, the key and what is wrong.
        OSError: the file cannot be read.
    """
    return _build(WaveRecipe, _table(path, "waves"), f"{path}: [waves]")


def read_envelope(path: Path) -> Envelope:
    """The [envelope] table of a recipe.

    Raises:
        ValueError: it is not a valid recipe; names the file, the table, the key and what is wrong.
        OSError: the file cannot be read.
    """
    return _build(Envelope, _table(path, "envelope"), f"{path}: [envelope]")


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


def _build(kind: type[Any], table: dict[str, Any], origin: str) -> Any:
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(table.keys() - fields.keys())
    if unknown:
        raise ValueError(f"{origin}: unknown keys {', '.join(unknown)}; known are {', '.join(fields)}")
    absent = sorted(n for n, f in fields.items() if f.default is dataclasses.MISSING and n not in table)
    if absent:
        raise ValueError(f"{origin}: missing keys {', '.join(absent)}")
    hints = get_type_hints(kind)
    try:
        return kind(**{name: _typed(hints[name], name, value) for name, value in table.items()})
    except ValueError as error:
        raise ValueError(f"{origin}: {error}") from error


def _typed(hint: Any, name: str, value: Any) -> Any:
    """A value of TOML as a field takes it: whole numbers may stand for others, nothing else is bent."""
    if hint is int and type(value) is int:
        return value
    if hint is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if hint is str and type(value) is str:
        return value
    if hint in (int, float, str):
        raise ValueError(f"{name} must be {KINDS[hint]}, got {value!r}")
    if type(value) is not list:
        raise ValueError(f"{name} must be a list, got {value!r}")
    return tuple(_typed(get_args(hint)[0], f"each of {name}", item) for item in value)

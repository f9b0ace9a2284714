"""Frozen dataclasses of numbers, texts, tuples and arrays to plain values and back, guided by their annotations."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np

from protocol.errors import ProtocolError

ARRAY_DTYPES = ("uint8", "float32", "float64", "int64")


def to_plain(value: Any) -> Any:
    """What msgpack and JSON can carry; an array becomes {dtype, shape, data}."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.name, "shape": list(value.shape), "data": np.ascontiguousarray(value).tobytes()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    return value


def from_plain(kind: Any, value: Any, where: str) -> Any:
    """A value of the annotated kind.

    Raises:
        ProtocolError: a field is missing, unknown, or of another kind; `where` names it.
    """
    origin = typing.get_origin(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, value, where)
    if origin is np.ndarray or kind is np.ndarray:
        return _array(value, where)
    if origin in (typing.Union, types.UnionType):
        inner = [k for k in typing.get_args(kind) if k is not type(None)]
        return None if value is None else from_plain(inner[0], value, where)
    if origin is tuple:
        return _tuple(typing.get_args(kind), value, where)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise ProtocolError(f"{where}: a map was promised, got {type(value).__name__}")
        inner_kind = typing.get_args(kind)[1]
        return {str(k): from_plain(inner_kind, v, f"{where}.{k}") for k, v in value.items()}
    return _scalar(kind, value, where)


def _dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ProtocolError(f"{where}: a map was promised, got {type(value).__name__}")
    fields = {f.name: f for f in dataclasses.fields(kind)}
    needed = {
        name
        for name, f in fields.items()
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    strange, missing = sorted(value.keys() - fields.keys()), sorted(needed - value.keys())
    if strange or missing:
        raise ProtocolError(f"{where}: unknown keys {strange}, missing keys {missing}")
    hints = typing.get_type_hints(kind)
    return kind(**{name: from_plain(hints[name], item, f"{where}.{name}") for name, item in value.items()})


def _array(value: Any, where: str) -> Any:
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data"}:
        raise ProtocolError(f"{where}: an array (dtype, shape, data) was promised")
    dtype, shape, data = value["dtype"], value["shape"], value["data"]
    if dtype not in ARRAY_DTYPES or not isinstance(data, bytes) or not isinstance(shape, list):
        raise ProtocolError(f"{where}: dtype must be one of {', '.join(ARRAY_DTYPES)}, got {dtype!r}")
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in shape):
        raise ProtocolError(f"{where}: a shape is whole numbers, got {shape!r}")
    needed = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    if needed != len(data):
        raise ProtocolError(f"{where}: shape {shape} of {dtype} needs {needed} bytes, got {len(data)}")
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def _tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ProtocolError(f"{where}: a list was promised, got {type(value).__name__}")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(from_plain(kinds[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if len(kinds) != len(value):
        raise ProtocolError(f"{where}: {len(kinds)} items were promised, got {len(value)}")
    return tuple(from_plain(k, item, f"{where}[{n}]") for n, (k, item) in enumerate(zip(kinds, value, strict=True)))


def _scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if typing.get_origin(kind) is typing.Literal:
        if value not in typing.get_args(kind):
            raise ProtocolError(
                f"{where}: one of {', '.join(map(str, typing.get_args(kind)))} was promised, got {value!r}"
            )
        return value
    if kind in (int, bool, str) and type(value) is kind:
        return value
    raise ProtocolError(f"{where}: {getattr(kind, '__name__', kind)} was promised, got {value!r}"[:300])

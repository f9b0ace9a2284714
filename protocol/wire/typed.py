"""Frozen dataclasses of numbers, texts, tuples and arrays to plain values and back, guided by their annotations.

The one typed reader of the repository: the wire, settings and recipes go through `from_plain`. It refuses a key that it
does not know, a key that is missing, a value of another kind, and a number outside of the bounds that its field states
as ``Annotated[float, Within(0, 1)]``. Why it is our own: README.md, *Decisions*.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from protocol.errors import ProtocolError

ARRAY_DTYPES = ("uint8", "float32", "float64", "int64")
"""What an array on the wire may consist of."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Within:
    """Bounds, both allowed, of a number or of every number of a tuple; NaN lies within none."""

    low: float
    """The least that is allowed."""
    high: float
    """The most that is allowed."""

    def check(self, value: Any, where: str) -> None:
        """Raises ProtocolError when a number, or one of a tuple of numbers, is out of bounds; None is in."""
        numbers = () if value is None else value if isinstance(value, tuple) else (value,)
        if not all(self.low <= number <= self.high for number in numbers):
            each = "each number from " if isinstance(value, tuple) else ""
            raise ProtocolError(f"{where}: {each}{self.low:.15g} to {self.high:.15g} was promised, got {value!r}")


def check_bounds(value: Any) -> None:
    """Hold every field of a dataclass to the bounds that its annotation states; meant for its `__post_init__`.

    Raises:
        ProtocolError: a number is out of bounds.
    """
    for name, hint in typing.get_type_hints(type(value), include_extras=True).items():
        for bound in typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ():
            if isinstance(bound, Within):
                bound.check(getattr(value, name), name)


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


def from_plain(kind: type[T], value: Any, where: str) -> T:
    """A value of the annotated kind; `where` begins every error, and the path to the fault follows it.

    Raises:
        ProtocolError: a field is missing, unknown, of another kind or out of bounds, or the finished value refuses
            itself (a ValueError of its `__post_init__`).
    """
    return typing.cast(T, _read(kind, value, where))


def _read(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin is typing.Annotated:
        found = _read(arguments[0], value, where)
        for bound in arguments[1:]:
            if isinstance(bound, Within):
                bound.check(found, where)
        return found
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, value, where)
    if origin is np.ndarray or kind is np.ndarray:
        return _array(arguments, value, where)
    if origin in (typing.Union, types.UnionType):
        # The only union that is read is "this or nothing".
        (inner,) = (k for k in arguments if k is not type(None))
        return None if value is None else _read(inner, value, where)
    if origin is tuple:
        return _tuple(arguments, value, where)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise ProtocolError(f"{where}: a map was promised, got {type(value).__name__}")
        return {_read(arguments[0], k, where): _read(arguments[1], v, _inside(where, k)) for k, v in value.items()}
    return _scalar(kind, value, where)


def _inside(where: str, name: object) -> str:
    """``agent.toml`` and ``threshold`` to ``agent.toml: threshold``; deeper names are joined by a point."""
    return f"{where}.{name}" if ": " in where else f"{where}: {name}"


def _dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ProtocolError(f"{where}: a map was promised, got {type(value).__name__}")
    fields = {f.name: f for f in dataclasses.fields(kind) if f.init}
    needed = {
        name
        for name, f in fields.items()
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    # Every unknown and every missing key is named at once: a file is mended in one go.
    unknown, missing = sorted(map(str, value.keys() - fields.keys())), sorted(needed - value.keys())
    faults = [f"unknown keys {', '.join(unknown)} (known are {', '.join(fields)})"] if unknown else []
    faults += [f"missing keys {', '.join(missing)}"] if missing else []
    if faults:
        raise ProtocolError(f"{where}: {'; '.join(faults)}")
    hints = typing.get_type_hints(kind, include_extras=True)
    read = {name: _read(hints[name], item, _inside(where, name)) for name, item in value.items()}
    try:
        return kind(**read)
    except ValueError as error:  # what the value's own __post_init__ refuses
        raise ProtocolError(f"{where}: {error}") from error


def _array(arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data"}:
        raise ProtocolError(f"{where}: an array (dtype, shape, data) was promised")
    dtype, shape, data = value["dtype"], value["shape"], value["data"]
    # NDArray[np.float32] is ndarray[shape, dtype[float32]]; NDArray[Any] leaves the choice to the sender.
    wanted = typing.get_args(arguments[1])[0] if len(arguments) == 2 else Any
    allowed = ARRAY_DTYPES if wanted is Any else (np.dtype(wanted).name,)
    if dtype not in allowed or not isinstance(data, bytes) or not isinstance(shape, list):
        raise ProtocolError(f"{where}: dtype must be one of {', '.join(allowed)}, got {dtype!r}")
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
        return tuple(_read(kinds[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if len(kinds) != len(value):
        raise ProtocolError(f"{where}: {len(kinds)} items were promised, got {len(value)}")
    return tuple(_read(k, item, f"{where}[{n}]") for n, (k, item) in enumerate(zip(kinds, value, strict=True)))


def _scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError as error:  # a whole number of hundreds of digits
            raise ProtocolError(f"{where}: a number was promised, got one beyond all floating-point numbers") from error
    if typing.get_origin(kind) is typing.Literal:
        if value not in typing.get_args(kind):
            raise ProtocolError(
                f"{where}: one of {', '.join(map(str, typing.get_args(kind)))} was promised, got {value!r}"
            )
        return value
    if kind in (int, bool, str) and type(value) is kind:
        return value
    raise ProtocolError(f"{where}: {getattr(kind, '__name__', kind)} was promised, got {value!r}"[:300])

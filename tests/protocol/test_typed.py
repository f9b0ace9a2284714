"""The one typed reader: what it carries, what it refuses, and how it says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from protocol.errors import ProtocolError
from protocol.wire.typed import Within, check_bounds, from_plain, to_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    share: Annotated[float, Within(0, 1)] = 0.5
    span: Annotated[tuple[float, float], Within(-1, 1)] = (0.0, 1.0)

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.span[0] > self.span[1]:
            raise ValueError(f"a span rises, got {self.span}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    name: str
    kind: Literal["a", "b"] = "a"
    count: Annotated[int, Within(0, 9)] = 0
    maybe: Annotated[float | None, Within(1, 2)] = None
    flag: bool = False
    inner: Inner = field(default_factory=Inner)
    many: tuple[Inner, ...] = ()
    pair: tuple[int, str] = (1, "x")
    named: Mapping[Literal["x", "y"], int] = field(default_factory=dict)
    anything: Any = None
    array: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))


BAD: dict[str, tuple[object, str]] = {
    "no map": ([1], "file: a map was promised, got list"),
    "missing and unknown": (
        {"colour": 1, "size": 2},
        r"file: unknown keys colour, size \(known are .*; missing keys name",
    ),
    "wrong kind": ({"name": 5}, "file: name: str was promised, got 5"),
    "true as a number": ({"name": "n", "count": True}, "file: count: int was promised, got True"),
    "a number as true": ({"name": "n", "flag": 1}, "file: flag: bool was promised, got 1"),
    "fraction": ({"name": "n", "count": 1.0}, "file: count: int was promised"),
    "too large": ({"name": "n", "count": 10}, "file: count: 0 to 9 was promised, got 10"),
    "not a number": ({"name": "n", "maybe": float("nan")}, "file: maybe: 1 to 2 was promised, got nan"),
    "no choice": ({"name": "n", "kind": "c"}, "file: kind: one of a, b was promised, got 'c'"),
    "deep": ({"name": "n", "inner": {"share": 2}}, r"file: inner\.share: 0 to 1 was promised, got 2\.0"),
    "deeper": ({"name": "n", "many": [{}, {"span": [0, 3]}]}, r"file: many\[1\]\.span: each number from -1 to 1"),
    "refused by itself": ({"name": "n", "inner": {"span": [1, 0]}}, "file: inner: a span rises"),
    "short pair": ({"name": "n", "pair": [1]}, "file: pair: 2 items were promised, got 1"),
    "no list": ({"name": "n", "many": 5}, "file: many: a list was promised, got int"),
    "unknown key of a map": ({"name": "n", "named": {"z": 1}}, "file: named: one of x, y was promised, got 'z'"),
    "value of a map": ({"name": "n", "named": {"x": "1"}}, r"file: named\.x: int was promised"),
    "no array": ({"name": "n", "array": [1.0]}, "file: array: an array"),
    "array of another type": (
        {"name": "n", "array": {"dtype": "float64", "shape": [0], "data": b""}},
        "file: array: dtype must be one of float32, got 'float64'",
    ),
    "short array": (
        {"name": "n", "array": {"dtype": "float32", "shape": [2], "data": b"1234"}},
        "needs 8 bytes, got 4",
    ),
    "negative side": ({"name": "n", "array": {"dtype": "float32", "shape": [-1], "data": b""}}, "a shape is whole"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_promised_is_refused_with_the_way_to_it(name: str) -> None:
    value, message = BAD[name]
    with pytest.raises(ProtocolError, match=message):
        from_plain(Outer, value, "file")


def test_what_is_written_is_read_again() -> None:
    source = Outer(
        name="n",
        kind="b",
        count=3,
        maybe=1.5,
        flag=True,
        inner=Inner(share=0.25),
        many=(Inner(), Inner(span=(-1.0, 0.0))),
        pair=(2, "y"),
        named={"x": 4},
        anything=[1, "two"],
        array=np.arange(3, dtype=np.float32),
    )
    back = from_plain(Outer, to_plain(source), "file")
    assert np.array_equal(back.array, source.array)
    for name in ("name", "kind", "count", "maybe", "flag", "inner", "many", "pair", "named", "anything"):
        assert getattr(back, name) == getattr(source, name)


def test_defaults_stand_for_what_is_left_out_and_whole_numbers_for_fractions() -> None:
    assert from_plain(Outer, {"name": "n", "inner": {"share": 1}}, "file").inner.share == 1.0


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(), st.lists))
def test_nothing_but_a_protocol_error_leaves_it(value: object) -> None:
    with pytest.raises(ProtocolError):
        from_plain(Outer, {"name": value, "count": value}, "file")


@pytest.mark.parametrize("bad", [{"share": 1.5}, {"span": (0.0, 7.0)}, {"share": float("nan")}])
def test_bounds_hold_for_values_that_are_built_here(bad: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match="was promised"):
        Inner(**bad)

"""Untrusted msgpack becomes plain values, or a ProtocolError; limits are looked at before anything is unpacked."""

from __future__ import annotations

import contextlib

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ProtocolError
from protocol.wire.bounded_msgpack import MAX_HEADER_BYTES, unpack_map

plain = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=20) | st.binary(max_size=20)


@given(st.dictionaries(st.text(max_size=10), plain, max_size=8))
def test_a_map_of_plain_values_comes_through_as_it_is(values: dict[str, object]) -> None:
    assert unpack_map(msgpack.packb(values), "header") == values


@pytest.mark.parametrize(
    "part",
    [
        b"",
        msgpack.packb([1, 2]),
        msgpack.packb({1: "a number as a key"}),
        msgpack.packb({"a": 1}) + b"\x00",
        b"\x82\xa1a\x01\xa1a\x02",  # one key twice
        msgpack.packb({"a": msgpack.ExtType(4, b"x")}),
        b"\x81\xa1a" + b"\x91" * 2000 + b"\x01",  # two thousand lists in one another
        b"\xdf\xff\xff\xff\xff",  # a map of four thousand million keys
    ],
)
def test_what_is_no_plain_map_is_refused_by_name(part: bytes) -> None:
    with pytest.raises(ProtocolError, match=r"^header"):
        unpack_map(part, "header")


def test_a_part_that_is_too_long_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(ProtocolError, match=f"header: at most {MAX_HEADER_BYTES} bytes are allowed"):
        unpack_map(b"\xc1" * (MAX_HEADER_BYTES + 1), "header")


@given(st.binary(max_size=300))
def test_random_bytes_are_a_map_or_a_protocol_error(part: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert isinstance(unpack_map(part, "header"), dict)

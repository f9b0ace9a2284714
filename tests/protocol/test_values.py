"""Snapshots and commands survive their wires and refuse what is not theirs."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.command import Command
from protocol.errors import ProtocolError
from protocol.snapshot import SNAPSHOT_VERSION
from protocol.wire.command import decode_command, encode_command
from protocol.wire.snapshot import decode_snapshot, encode_snapshot
from protocol.wire.typed import to_plain
from tests.examples import snapshot


def test_a_snapshot_survives_the_wire() -> None:
    first = snapshot()
    back = decode_snapshot(encode_snapshot(first))
    assert msgpack.packb(to_plain(back)) == msgpack.packb(to_plain(first))
    assert back.frame is not None
    assert first.frame is not None
    assert np.array_equal(back.frame.image, first.frame.image)


def test_a_snapshot_without_a_frame_survives_too() -> None:
    assert decode_snapshot(encode_snapshot(replace(snapshot(), frame=None))).frame is None


def test_a_snapshot_of_another_version_is_refused() -> None:
    with pytest.raises(ProtocolError, match=f"version {SNAPSHOT_VERSION} was promised, got 99"):
        decode_snapshot(msgpack.packb({"version": 99}))


def test_an_unknown_or_missing_field_is_named() -> None:
    plain = to_plain(snapshot())
    del plain["run"]
    plain["colour"] = 1
    with pytest.raises(ProtocolError, match=r"unknown keys colour .*missing keys run"):
        decode_snapshot(msgpack.packb({"version": SNAPSHOT_VERSION, "snapshot": plain}))


@given(st.binary(max_size=300))
def test_garbage_is_no_snapshot_and_no_command(part: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_snapshot(part)
    with pytest.raises(ProtocolError):
        decode_command(part)


@pytest.mark.parametrize("command", [Command(action="pause"), Command(action="set_threshold", value=0.7)])
def test_a_command_survives_the_wire(command: Command) -> None:
    assert decode_command(encode_command(command)) == command


@pytest.mark.parametrize(
    "bad",
    [
        {"action": "set_threshold"},
        {"action": "pause", "value": 1.0},
        {"action": "explode"},
        {"action": "set_threshold", "value": 2.0},
    ],
)
def test_a_command_that_makes_no_sense_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ProtocolError):
        decode_command(msgpack.packb(bad))


FLIPPED = st.tuples(st.integers(0, 10**9), st.integers(1, 255))


@given(st.lists(FLIPPED, min_size=1, max_size=4))
def test_a_damaged_snapshot_is_refused_in_words_or_is_whole(flips: list[tuple[int, int]]) -> None:
    part = bytearray(encode_snapshot(replace(snapshot(1), frame=None)))
    for place, bits in flips:
        part[place % len(part)] ^= bits
    with contextlib.suppress(ProtocolError):  # anything else that is raised is a fault
        found = decode_snapshot(bytes(part))
        assert len(found.statistics.history_fraction) == len(found.statistics.history_time_s)


@given(st.integers(0, 2000))
def test_a_snapshot_that_was_cut_short_is_refused(kept: int) -> None:
    part = encode_snapshot(snapshot(1))
    with pytest.raises(ProtocolError):
        decode_snapshot(part[: kept % len(part)])

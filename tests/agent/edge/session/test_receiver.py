"""Messages to the newest frame."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from agent.edge.errors import EdgeError
from agent.edge.files.recording import Recorder, read_recording
from agent.edge.session.latest import Latest
from agent.edge.session.receiver import MOST_GAPS, Incoming, Receiver, receive
from agent.edge.transport.frame_source import FrameSource
from protocol.snapshot import RecordingState
from protocol.wire.karabo import KARABO, MAX_FRAME_BYTES, KaraboDecoder
from protocol.wire.snapshot import decode_snapshot, encode_snapshot
from tests.examples import snapshot
from tests.fakes import field, parts
from tests.hostile_wire import HOSTILE


def test_garbage_on_the_port_is_refused_and_the_next_frame_is_read() -> None:
    """ZeroMQ takes some garbage for a message of its first version: it comes as parts that are no frame."""
    slot: Latest[Incoming] = Latest()
    receiver = Receiver(slot, KaraboDecoder(), lambda: 0.0)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(10)
        with FrameSource(f"tcp://127.0.0.1:{stranger.getsockname()[1]}", "PULL", MAX_FRAME_BYTES) as source:
            line, _ = stranger.accept()
            with line:
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(range(256)) * 40)
                while (got := source.receive(0.3)) is not None:
                    receiver.accept(got)
    assert (receiver.refused, slot.waiting) == (receiver.received, 0)
    receiver.accept(parts(field(0)))
    assert (receiver.received - receiver.refused, slot.waiting) == (1, 1)


def receiver_of(recorder: Recorder | None = None) -> tuple[Receiver, Latest[Incoming]]:
    slot: Latest[Incoming] = Latest()
    return Receiver(slot, KaraboDecoder(), lambda: 5.0, recorder), slot


def test_the_newest_frame_waits_and_the_older_is_counted() -> None:
    receiver, slot = receiver_of()
    for n in range(3):
        receiver.accept(parts(field(n)))
    reception, waiting = receiver.reception(), slot.take(0)
    assert waiting is not None
    assert (waiting.frame.sequence, waiting.frame.received_time_s) == (2, 5.0)
    assert (reception.messages, reception.received, reception.not_analysed["replaced"]) == (3, 3, 2)


def test_a_jump_of_the_numbers_is_a_gap_and_a_new_camera_is_none() -> None:
    receiver, _ = receiver_of()
    for frame in (field(1), field(5), field(2), replace(field(90), source="another")):
        receiver.accept(parts(frame))
    assert receiver.gaps == 3


def test_a_recording_is_on_until_the_disk_refuses(tmp_path: Path) -> None:
    class Full(Recorder):
        def append(self, message: object, received_time_s: float) -> int:
            raise OSError(28, "No space left on device")

    with Full(tmp_path / "s.beamside", KARABO) as recorder:
        receiver, slot = receiver_of(recorder)
        assert receiver.recording == RecordingState(mode="on", path=str(tmp_path / "s.beamside"))
        receiver.accept(parts(field(0)))
    assert receiver.recording.mode == "stopped"
    assert receiver.recording.reason == "disk error: No space left on device"
    assert slot.waiting == 1, "the analysis goes on"


def test_a_source_that_fails_closes_the_slot() -> None:
    class Broken:
        def receive(self, timeout_s: float) -> list[bytes] | None:
            raise EdgeError("unplugged")

    receiver, slot = receiver_of()
    with pytest.raises(EdgeError, match="unplugged"):
        receive(Broken(), receiver, slot, threading.Event())
    assert slot.ended


def test_numbers_that_jump_at_random_are_counted_up_to_what_a_snapshot_can_carry() -> None:
    receiver, _ = receiver_of()
    for sequence in (0, 2**64 - 1) * 3:
        receiver.accept(parts(replace(field(0), sequence=sequence)))
    assert receiver.gaps == MOST_GAPS
    full = replace(snapshot(), health=replace(snapshot().health, sequence_gaps=receiver.gaps))
    assert decode_snapshot(encode_snapshot(full)).health.sequence_gaps == MOST_GAPS


def test_a_camera_that_starts_to_count_anew_or_repeats_itself_has_no_gap() -> None:
    receiver, _ = receiver_of()
    for sequence in (7, 7, 0, 1):
        receiver.accept(parts(replace(field(0), sequence=sequence)))
    assert receiver.gaps == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_every_hostile_message_is_refused_recorded_and_costs_the_next_frame_nothing(name: str, tmp_path: Path) -> None:
    with Recorder(tmp_path / "s.beamside", KARABO) as recorder:
        receiver, slot = receiver_of(recorder)
        receiver.accept(HOSTILE[name])
        assert (receiver.received, receiver.refused, receiver.handled, slot.waiting) == (1, 1, 1, 0)
        assert receiver.problem
        receiver.accept(parts(field(1)))
    assert slot.waiting == 1
    assert [list(m.parts) for m in read_recording(tmp_path / "s.beamside")] == [HOSTILE[name], parts(field(1))]

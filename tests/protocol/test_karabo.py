"""The frame wire: round trips, peers, and nothing but ProtocolError for everything else."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import karabo_bridge
import numpy as np
import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ProtocolError
from protocol.frame import Frame
from protocol.wire.karabo import decode_frame, encode_frame
from tests.hostile_wire import GOOD, HOSTILE
from tests.strategies import frames


@given(frames())
def test_a_frame_survives_the_wire(frame: Frame) -> None:
    back = decode_frame([bytes(part) for part in encode_frame(frame)], received_time_s=2.0)
    assert back.pixels.dtype == frame.pixels.dtype
    assert np.array_equal(back.pixels, frame.pixels, equal_nan=frame.pixels.dtype.kind == "f")
    for name in (
        "source",
        "sequence",
        "camera_time_s",
        "pixel_size_nm",
        "pixel_size_provenance",
        "exposure_s",
        "energy_kev",
        "defocus_nm",
        "dose_e_per_a2",
        "stage",
    ):
        assert getattr(back, name) == getattr(frame, name), name


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_message_is_a_protocol_error(name: str) -> None:
    with pytest.raises(ProtocolError):
        decode_frame(HOSTILE[name])


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_garbage_is_a_protocol_error(parts: list[bytes]) -> None:
    with pytest.raises(ProtocolError):
        decode_frame(parts)


@given(st.integers(0, 3), st.integers(0, 400), st.integers(0, 255))
def test_one_changed_byte_is_read_or_refused(part: int, place: int, value: int) -> None:
    parts = [bytearray(p) for p in encode_frame(GOOD)]
    parts[part][place % len(parts[part])] = value
    with contextlib.suppress(ProtocolError):
        assert decode_frame([bytes(p) for p in parts]).pixels.shape


def test_decoding_copies_no_pixels() -> None:
    parts = [bytes(part) for part in encode_frame(GOOD)]
    pixels = decode_frame(parts).pixels
    assert np.shares_memory(pixels, np.frombuffer(parts[3], dtype=np.uint8))
    assert not pixels.flags.writeable


def test_version_one_is_refused_by_name() -> None:
    with pytest.raises(ProtocolError, match=r"1\.0, which may unpickle"):
        decode_frame([b"\x80"])


def test_the_error_says_what_was_promised_and_what_came() -> None:
    with pytest.raises(ProtocolError, match="3 x 4 uint16 needs 24 bytes of pixels, got 23"):
        decode_frame(HOSTILE["pixels too short"])


def test_a_karabo_client_reads_what_we_send() -> None:
    context = zmq.Context()
    sender = context.socket(zmq.PUSH)
    try:
        port = sender.bind_to_random_port("tcp://127.0.0.1")
        client = karabo_bridge.Client(f"tcp://127.0.0.1:{port}", sock="PULL", timeout=10)
        sender.send_multipart(encode_frame(GOOD))
        data, metadata = client.next()
        assert np.array_equal(data["camera"]["image.data"], GOOD.pixels)
        assert data["camera"]["beamside.pixel_size_nm"] == 0.05
        assert metadata["camera"]["timestamp.tid"] == 7
        client._context.destroy(linger=0)
    finally:
        sender.close(linger=0)
        context.term()


def test_we_read_what_a_karabo_server_sends() -> None:
    image = np.arange(30, dtype=np.float32).reshape(5, 6)
    server = karabo_bridge.ServerInThread("tcp://127.0.0.1:*", sock="PUSH", maxlen=4)
    context = zmq.Context()
    receiver = context.socket(zmq.PULL)
    try:
        server.start()
        receiver.connect(server.endpoint)
        server.feed(
            {"cam": {"image": image, "curve": np.arange(4.0), "beamside.pixel_size_nm": 0.059}},
            {"cam": {"source": "cam", "timestamp": 12.5, "timestamp.tid": 3}},
        )
        assert receiver.poll(10_000)
        frame = decode_frame(receiver.recv_multipart())
        assert np.array_equal(frame.pixels, image)
        assert (frame.sequence, frame.pixel_size_nm, frame.pixel_size_provenance) == (3, 0.059, "metadata")
    finally:
        server.stop()
        receiver.close(linger=0)
        context.term()


def test_the_worked_example_of_the_wire_page_is_what_we_send() -> None:
    page = (Path(__file__).parents[2] / "protocol" / "WIRE.md").read_text(encoding="utf-8")
    block = re.findall(r"^    [1-4 ]  ([0-9a-f]+)$", page, re.MULTILINE)
    assert "".join(block) == "".join(bytes(part).hex() for part in encode_frame(GOOD))

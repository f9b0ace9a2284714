"""Messages of a camera over every kind of socket."""

from __future__ import annotations

import pytest
import zmq

from agent.edge.errors import EdgeError
from agent.edge.transport.frame_source import FrameSource
from protocol.wire.karabo import MAX_FRAME_BYTES, decode_frame
from tests.fakes import field, parts


@pytest.mark.parametrize(("ours", "theirs"), [("PULL", zmq.PUSH), ("REQ", zmq.REP), ("SUB", zmq.PUB)])
def test_frames_come_through_every_kind_of_socket(ours: str, theirs: int) -> None:
    context = zmq.Context()
    sender = context.socket(theirs)
    try:
        port = sender.bind_to_random_port("tcp://127.0.0.1")
        with FrameSource(f"tcp://127.0.0.1:{port}", ours, MAX_FRAME_BYTES) as source:
            got = None
            for _ in range(100):  # a subscription takes a moment to arrive
                if ours == "REQ":
                    source.receive(0)
                    assert sender.recv() == b"next"
                sender.send_multipart(parts(field(3)))
                got = source.receive(0.2)
                if got:
                    break
            assert got is not None
            assert decode_frame(got).sequence == 3
    finally:
        sender.close(linger=0)
        context.term()


def test_an_impossible_endpoint_is_named() -> None:
    with pytest.raises(EdgeError, match="nonsense"):
        FrameSource("nonsense", "SUB", MAX_FRAME_BYTES)
    with pytest.raises(EdgeError, match="socket must be one of"):
        FrameSource("tcp://127.0.0.1:1", "PAIR", MAX_FRAME_BYTES)


def test_an_answer_to_another_request_does_not_stop_the_receiving_thread() -> None:
    context = zmq.Context()
    sender = context.socket(zmq.ROUTER)
    try:
        port = sender.bind_to_random_port("tcp://127.0.0.1")
        with FrameSource(f"tcp://127.0.0.1:{port}", "REQ", MAX_FRAME_BYTES) as source:
            assert source.receive(0) is None
            assert sender.poll(2000)
            who, request, empty, _ = sender.recv_multipart()
            sender.send_multipart([who, b"\x00\x00\x00\x07", empty, b"not for you"])
            assert source.receive(0.2) is None
            sender.send_multipart([who, request, empty, *parts(field(3))])
            got = source.receive(2.0)
            assert got is not None
            assert decode_frame(got).sequence == 3
    finally:
        sender.close(linger=0)
        context.term()

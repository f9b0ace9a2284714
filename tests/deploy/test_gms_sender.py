"""The one-file sender for the microscope's computer: what it sends is the wire, and it never waits."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import karabo_bridge
import numpy as np
import pytest

from agent.edge.transport.frame_source import FrameSource
from protocol.wire.karabo import MAX_FRAME_BYTES, decode_frame

FILE = Path(__file__).parents[2] / "deploy" / "gms_sender.py"
IMAGE = np.arange(12, dtype=np.uint16).reshape(3, 4)


@pytest.fixture(name="sender_file", scope="module")
def _sender_file() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gms_sender", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_our_decoder_reads_it(sender_file: ModuleType) -> None:
    with (
        sender_file.Sender("tcp://127.0.0.1:*", "GMS") as sender,
        FrameSource(sender.endpoint, "SUB", MAX_FRAME_BYTES) as source,
    ):
        got = None
        for _ in range(100):  # a subscription takes a moment to arrive
            sender.send(IMAGE, pixel_size_nm=0.05, defocus_nm=-3)
            got = source.receive(0.2)
            if got:
                break
    assert got is not None
    frame = decode_frame(got)
    assert np.array_equal(frame.pixels, IMAGE)
    assert (frame.source, frame.pixel_size_nm, frame.defocus_nm) == ("GMS", 0.05, -3)


def test_a_karabo_client_reads_it(sender_file: ModuleType) -> None:
    with sender_file.Sender("tcp://127.0.0.1:*", "GMS") as sender:
        client = karabo_bridge.Client(sender.endpoint, sock="SUB", timeout=0.2)
        for attempt in range(100):
            sender.send(IMAGE.astype(float))
            try:
                data, metadata = client.next()
                break
            except TimeoutError:
                assert attempt < 99
        assert np.array_equal(data["GMS"]["image.data"], IMAGE)
        assert metadata["GMS"]["timestamp.tid"] >= 0
        client._context.destroy(linger=0)


def test_with_nobody_listening_nothing_waits_and_every_frame_has_its_number(sender_file: ModuleType) -> None:
    with sender_file.Sender("tcp://127.0.0.1:*", "GMS") as sender:
        for _ in range(50):
            sender.send(IMAGE)
        assert sender._sequence == 50
        assert 0 <= sender.replaced < 50


def test_what_beamside_would_refuse_is_refused_at_the_microscope(sender_file: ModuleType) -> None:
    with sender_file.Sender("tcp://127.0.0.1:*", "GMS") as sender:
        for bad in (np.zeros(4, np.uint16), np.zeros((0, 4), np.uint16), np.zeros((2, 2), complex)):
            with pytest.raises(ValueError, match="a frame is"):
                sender.send(bad)


def test_it_is_old_python_and_three_packages() -> None:
    tree = ast.parse(FILE.read_text(encoding="utf-8"), feature_version=(3, 7))
    names = {n.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for n in node.names}
    assert names == {"math", "threading", "time", "msgpack", "numpy", "zmq"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))

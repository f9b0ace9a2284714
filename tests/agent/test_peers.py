"""Real frames from an independent sender, over every kind of socket: analysed, recorded, replayed, accounted for."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import karabo_bridge
import numpy as np
import pytest
import zmq

from agent.core.config import AnalysisConfig
from agent.edge.files.recording import Recorder, read_recording
from agent.edge.inference.backend import load_networks
from agent.edge.session.live import live
from agent.edge.session.replay import replay
from agent.edge.settings import MODELS
from agent.edge.transport.frame_source import FrameSource
from protocol.snapshot import Snapshot
from protocol.wire.karabo import KARABO, MAX_FRAME_BYTES, KaraboDecoder, decode_frame
from simulator.microscope.server import frames, serve
from simulator.microscope.session_file import SESSION, load_session
from tests.fakes import session
from tests.real_data import PIXEL_SIZE_NM, real_frames
from tests.runs import accounted, bits

CONFIG = AnalysisConfig(pixel_size_nm=PIXEL_SIZE_NM)
"""A foreign sender knows none of our keys: the operator gives the pixel size."""


def send(server: karabo_bridge.ServerInThread, rate_per_s: float | None) -> None:
    """Feed every real frame, numbered as by a train id; the server's queue is longer than the set."""
    for number, pixels in enumerate(real_frames()):
        server.feed({"cam": {"image": pixels}}, {"cam": {"source": "cam", "timestamp": 5.0, "timestamp.tid": number}})
        if rate_per_s:
            time.sleep(1 / rate_per_s)


@pytest.mark.parametrize(("theirs", "ours"), [("PUSH", "PULL"), ("REP", "REQ")])
@pytest.mark.parametrize("rate_per_s", [10.0, None], ids=["10 a second", "as fast as it can"])
def test_real_frames_of_a_karabo_server_live_and_again(
    tmp_path: Path, theirs: str, ours: str, rate_per_s: float | None
) -> None:
    networks, path, count = load_networks(MODELS, prefer="onnxruntime-cpu", threads=1), tmp_path / "s.beamside", 0
    count = len(real_frames())
    server = karabo_bridge.ServerInThread("tcp://127.0.0.1:*", sock=theirs, maxlen=count + 1)
    server.start()
    feeder = threading.Thread(target=send, args=(server, rate_per_s))
    try:
        with FrameSource(server.endpoint, ours, MAX_FRAME_BYTES) as source, Recorder(path, KARABO) as recorder:
            feeder.start()
            seen: Snapshot = live(
                source,
                KaraboDecoder(),
                session(networks, CONFIG),
                threading.Event(),
                recorder=recorder,
                until_frames=count,
            )
    finally:
        feeder.join()
        server.stop()
    assert seen.health.received == count
    assert accounted(seen)
    assert set(seen.health.not_analysed) <= {"replaced"}
    assert seen.health.sequence_gaps == 0
    sent = real_frames()
    for message, pixels in zip(read_recording(path), sent, strict=True):
        assert np.array_equal(decode_frame(message.parts).pixels, pixels)
    again = replay(path, session(networks, CONFIG), threading.Event(), as_seen=True)
    assert bits(again) == bits(seen)
    whole = replay(path, session(networks, CONFIG), threading.Event())
    assert whole.health.analysed == count
    assert whole.statistics.detections >= 5 * count


def test_real_frames_of_a_publisher_that_started_before_us() -> None:
    """A subscriber may join late: whatever came is accounted for, and the numbers show what it missed at most."""
    server = karabo_bridge.ServerInThread("tcp://127.0.0.1:*", sock="PUB", maxlen=100)
    server.start()
    try:
        with FrameSource(server.endpoint, "SUB", MAX_FRAME_BYTES) as source:
            got = None
            for number in range(200):
                server.feed(
                    {"cam": {"image": real_frames()[0]}},
                    {"cam": {"source": "cam", "timestamp": 5.0, "timestamp.tid": number}},
                )
                got = source.receive(0.1)
                if got:
                    break
    finally:
        server.stop()
    assert got is not None
    assert np.array_equal(decode_frame(got).pixels, real_frames()[0])


def test_a_karabo_client_reads_the_virtual_microscope() -> None:
    stop = threading.Event()
    context = zmq.Context()
    with context.socket(zmq.PUB) as probe:
        endpoint = f"tcp://127.0.0.1:{probe.bind_to_random_port('tcp://127.0.0.1')}"
    context.term()
    served = threading.Thread(target=serve, args=(frames(load_session(SESSION), 800.0, 1), endpoint, 20.0, stop))
    served.start()
    try:
        client = karabo_bridge.Client(endpoint, sock="SUB", timeout=30)
        data, metadata = client.next()
        client._context.destroy(linger=0)
    finally:
        stop.set()
        served.join()
    (camera,) = data
    assert data[camera]["image.data"].ndim == 2
    assert data[camera]["beamside.pixel_size_nm"] > 0
    number = metadata[camera]["timestamp.tid"]
    stream = frames(load_session(SESSION), 800.0, 1)
    for _ in range(number):
        next(stream)
    assert np.array_equal(data[camera]["image.data"], next(stream).pixels)

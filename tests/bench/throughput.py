"""Frames a second and latency of the agent against plain pyzmq that does nothing but receive, in one run.

    python -m tests.bench.throughput [--seconds 20] [--rate 25]

A process of its own sends frames of the virtual microscope, tiled to the tier's size, over PUSH at the tier's rate
(task: T1 1k x 25 a second, T2 2k x 25 a second), first to plain pyzmq, then to the agent with its recorder off and on.
Latency is from the camera's time stamp: to the received message for pyzmq, to the result for the agent.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import zmq

from agent.core.config import AnalysisConfig
from agent.core.networks import Networks
from agent.edge.files.recording import Recorder
from agent.edge.inference.backend import load_networks
from agent.edge.session.live import live
from agent.edge.session.session import Session
from agent.edge.settings import MODELS
from agent.edge.transport.frame_source import FrameSource
from protocol.wire.karabo import KARABO, MAX_FRAME_BYTES, KaraboDecoder, decode_frame, encode_frame
from simulator.microscope.server import frames
from simulator.microscope.session_file import SESSION, load_session

TIERS = {"T1": 1024, "T2": 2048}
DIFFERENT = 4
"""Frames that are made before the clock starts and sent in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one receiver."""

    name: str
    received_per_s: float
    analysed_per_s: float
    not_analysed: dict[str, int]
    p50_ms: float
    p99_ms: float

    def line(self, base: Run) -> str:
        left = ", ".join(f"{cause} {count}" for cause, count in self.not_analysed.items()) or "none"
        return (
            f"  {self.name:24s}{self.received_per_s:8.1f}{self.analysed_per_s:10.1f}"
            f"{self.p50_ms:9.1f}{self.p99_ms:9.1f}"
            f"{self.received_per_s / base.received_per_s:10.2f}{self.p50_ms / base.p50_ms:10.1f}   {left}"
        )


def send(endpoint: str, side_px: int, rate_per_s: float, seconds: float) -> None:
    """The camera: a PUSH socket that drops what its peer does not take, as a camera must."""
    stream, made = frames(load_session(SESSION), 800.0, 1), []
    for _ in range(DIFFERENT):
        frame = next(stream)
        reach = -(-side_px // min(frame.shape_px))
        pixels = np.ascontiguousarray(np.tile(frame.pixels, (reach, reach))[:side_px, :side_px])
        made.append(replace(frame, pixels=pixels))
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    socket.set(zmq.SNDHWM, 4)
    socket.set(zmq.LINGER, 0)
    socket.bind(endpoint)
    socket.poll(20_000, zmq.POLLOUT)
    start_s = time.monotonic()
    for number in range(round(rate_per_s * seconds)):
        time.sleep(max(0.0, start_s + number / rate_per_s - time.monotonic()))
        frame = replace(made[number % DIFFERENT], sequence=number, camera_time_s=time.time())
        try:
            socket.send_multipart(encode_frame(frame), zmq.DONTWAIT)
        except zmq.Again:
            continue
    time.sleep(0.5)
    context.destroy(linger=0)


def plain(endpoint: str, seconds: float) -> Run:
    """pyzmq alone; the header is decoded after the clock was read, for the time stamp."""
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    socket.connect(endpoint)
    late_ms, first_s, last_s = [], 0.0, 0.0
    while socket.poll(20_000 if not late_ms else 1_500):
        parts = socket.recv_multipart()
        last_s = time.time()
        first_s = first_s or last_s
        late_ms.append(1e3 * (last_s - decode_frame(parts).camera_time_s))
    context.destroy(linger=0)
    rate = (len(late_ms) - 1) / max(last_s - first_s, 1e-9)
    p50, p99 = np.percentile(late_ms, [50, 99])
    return Run(
        name="plain pyzmq", received_per_s=rate, analysed_per_s=0, not_analysed={}, p50_ms=float(p50), p99_ms=float(p99)
    )


def agent(endpoint: str, seconds: float, networks: Networks, record: Path | None) -> Run:
    """The agent until the sender ends."""
    stop, at = threading.Event(), [(0.0, 0, 0)]

    def seen(snapshot: object) -> None:
        health = snapshot.health  # type: ignore[attr-defined]
        if health.received != at[-1][1]:
            at.append((time.monotonic(), health.received, health.analysed))
        elif health.received and time.monotonic() - at[-1][0] > 1.5:
            stop.set()

    timer = threading.Timer(seconds + 40, stop.set)
    timer.start()
    recorder = Recorder(record, KARABO) if record else None
    session = Session(networks=networks, config=AnalysisConfig(), publish=seen, run="bench")
    with FrameSource(endpoint, "PULL", MAX_FRAME_BYTES) as source:
        last = live(source, KaraboDecoder(), session, stop, recorder=recorder)
    if recorder:
        recorder.close()
    timer.cancel()
    (first_s, received, analysed), (last_s, *_) = at[1], at[-1]
    spent_s, health = max(last_s - first_s, 1e-9), last.health
    return Run(
        name="agent, recording" if record else "agent",
        received_per_s=(health.received - received) / spent_s,
        analysed_per_s=(health.analysed - analysed) / spent_s,
        not_analysed=dict(health.not_analysed),
        p50_ms=health.latency_p50_ms,
        p99_ms=health.latency_p99_ms,
    )


def tier(name: str, side_px: int, rate_per_s: float, seconds: float, networks: Networks) -> list[str]:
    """The lines of one tier."""
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for which in ("plain", "agent", "recording"):
            with zmq.Context() as context, context.socket(zmq.PUSH) as probe:
                endpoint = f"tcp://127.0.0.1:{probe.bind_to_random_port('tcp://127.0.0.1')}"
            command = [sys.executable, "-m", "tests.bench.throughput", "--send", endpoint, "--side", str(side_px)]
            sender = subprocess.Popen([*command, "--rate", str(rate_per_s), "--seconds", str(seconds)])
            record = Path(folder) / "bench.beamside" if which == "recording" else None
            runs.append(plain(endpoint, seconds) if which == "plain" else agent(endpoint, seconds, networks, record))
            sender.wait()
    return [f"{name}: {side_px} x {side_px} at {rate_per_s:g} a second", *(run.line(runs[0]) for run in runs)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=25.0)
    parser.add_argument("--send", help=argparse.SUPPRESS)
    parser.add_argument("--side", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        send(options.send, options.side, options.rate, options.seconds)
        return
    networks = load_networks(MODELS)
    head = f"{'received':>8s}{'analysed':>10s}{'p50 ms':>9s}{'p99 ms':>9s}{'received':>10s}{'p50':>10s}   not analysed"
    print(f"{networks.backend}; frames a second, latency, and both as ratios to plain pyzmq\n  {'':24s}{head}")
    for name, side_px in TIERS.items():
        print("\n".join(tier(name, side_px, options.rate, options.seconds, networks)), flush=True)


if __name__ == "__main__":
    main()

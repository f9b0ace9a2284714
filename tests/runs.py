"""Whole runs without a clock or a socket, and what is compared of them."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import msgpack

from agent.core.networks import Networks
from agent.edge.files.recording import Recorder
from agent.edge.session.live import live
from agent.edge.session.replay import replay
from protocol.snapshot import Snapshot
from protocol.wire.decoder import FrameDecoder
from protocol.wire.karabo import KaraboDecoder
from protocol.wire.typed import to_plain
from tests.fakes import ListSource, session


def run_live(
    messages: list[list[bytes]],
    networks: Networks | None = None,
    recorder: Recorder | None = None,
    decoder: FrameDecoder | None = None,
    frames: int | None = None,
) -> Snapshot:
    """Until so many frames, by default as many as messages, were received and dealt with: the snapshot at the end."""
    return live(
        ListSource(messages),
        decoder or KaraboDecoder(),
        session(networks),
        threading.Event(),
        recorder=recorder,
        until_frames=len(messages) if frames is None else frames,
    )


def run_replay(path: Path, networks: Networks | None = None, **options: object) -> Snapshot:
    """A recording or an image file, as fast as it goes. The snapshot at the end."""
    return replay(path, session(networks), threading.Event(), **options)  # type: ignore[arg-type]


def bits(snapshot: Snapshot) -> bytes:
    """What a run found, without its clock."""
    plain = to_plain(replace(snapshot, frame=None))
    return bytes(msgpack.packb(plain["statistics"]))


def accounted(snapshot: Snapshot) -> bool:
    """Whether every frame is analysed or counted with its cause."""
    health = snapshot.health
    return health.received == health.analysed + sum(health.not_analysed.values())

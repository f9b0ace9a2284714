"""Everything a live run opens and closes: engine, sockets, recording. Shared by `live` and `daemon`."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from agent.core.networks import Engine
from agent.core.pipeline import analyse
from agent.edge.files.recording import Recorder
from agent.edge.inference.backend import load_engine
from agent.edge.session.live import live
from agent.edge.settings import Settings
from agent.edge.transport.commands import CommandServer
from agent.edge.transport.frame_source import KaraboSource
from agent.edge.transport.snapshot_publisher import SnapshotPublisher
from protocol.frame import Frame
from protocol.snapshot import Snapshot
from protocol.wire.snapshot import encode_snapshot


def warmed_engine(settings: Settings) -> Engine:
    """The engine after one made-up frame, so that the first real one is not slow. Raises EdgeError."""
    engine = load_engine(
        Path(settings.models), prefer=settings.backend, precision=settings.precision, threads=settings.threads
    )
    noise = np.random.default_rng(0).integers(90, 110, (512, 512)).astype(np.uint16)
    analyse(
        Frame(pixels=noise, source="warm-up", sequence=0, camera_time_s=0.0),
        engine,
        replace(settings.analysis(), pixel_size_nm=0.05),
    )
    card = engine.classifier_card
    engine.classify(np.zeros((1, 1, card.patch_px, card.patch_px), dtype=np.float32))
    return engine


def run_live(
    settings: Settings,
    stop: threading.Event,
    *,
    ready: Callable[[Engine], None] = lambda engine: None,
    progress: Callable[[], None] = lambda: None,
    seen: Callable[[Snapshot], None] = lambda snapshot: None,
) -> Snapshot:
    """Open everything, say `ready`, run until `stop`, close everything. Returns the last snapshot.

    Raises:
        EdgeError: something cannot be opened, or ten frames in a row failed.
    """
    with contextlib.ExitStack() as stack:
        engine = warmed_engine(settings)
        publisher = stack.enter_context(SnapshotPublisher(settings.snapshots))
        commands = stack.enter_context(CommandServer(settings.commands))
        recorder = stack.enter_context(Recorder(Path(settings.record))) if settings.record else None
        source = stack.enter_context(KaraboSource(settings.endpoint, settings.socket))
        ready(engine)

        def publish(snapshot: Snapshot) -> None:
            publisher.send(encode_snapshot(replace(snapshot, notes={"endpoint": settings.endpoint})))
            seen(snapshot)

        return live(
            source,
            engine,
            settings.analysis(),
            publish,
            stop,
            run=settings.run,
            recorder=recorder,
            commands=commands,
            progress=progress,
        )

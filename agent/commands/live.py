"""`beamside live`, and everything that a live run opens and closes; `daemon` and `demo` run the same."""

from __future__ import annotations

import argparse
import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agent.commands.dashboard import window
from agent.commands.networks import warm_networks
from agent.commands.options import settings_of
from agent.commands.signals import stopping
from agent.core.networks import Networks
from agent.edge.errors import EdgeError
from agent.edge.files.recording import Recorder
from agent.edge.session.live import live
from agent.edge.session.session import Session
from agent.edge.settings import Settings
from agent.edge.transport.commands import CommandServer
from agent.edge.transport.frame_source import FrameSource
from agent.edge.transport.snapshot_publisher import SnapshotPublisher
from protocol.errors import ProtocolError
from protocol.snapshot import Snapshot
from protocol.wire.decoder import FrameDecoder
from protocol.wire.snapshot import encode_snapshot
from protocol.wire.wires import new_decoder


def main(options: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """Analyse a live microscope beside the dashboard. Raises EdgeError as `run_live` and `window`."""
    settings = settings_of(options)
    with stopping() as stop, window(settings.snapshots, settings.commands, stop):
        last = run_live(settings, stop)
    tell(f"{last.health.analysed} of {last.health.received} frames, {last.statistics.particles} particles")
    return 0


def run_live(
    settings: Settings,
    stop: threading.Event,
    *,
    ready: Callable[[Networks], None] = lambda networks: None,
    progress: Callable[[], None] = lambda: None,
    seen: Callable[[Snapshot], None] = lambda snapshot: None,
) -> Snapshot:
    """Open everything, say `ready`, run until `stop`, close everything. Returns the last snapshot.

    Raises:
        EdgeError: something cannot be opened, or ten frames in a row failed.
    """
    with contextlib.ExitStack() as stack:
        # First what needs no socket, then our own ends, then the recording.
        decoder = open_decoder(settings.wire)
        networks = warm_networks(settings)
        publisher = stack.enter_context(SnapshotPublisher(settings.snapshots))
        commands = stack.enter_context(CommandServer(settings.commands))
        recorder = None
        if settings.record:
            recorder = stack.enter_context(Recorder(Path(settings.record), decoder.name))
        # The source comes last: from here on frames queue up.
        source = stack.enter_context(FrameSource(settings.endpoint, settings.socket, decoder.max_message_bytes))
        ready(networks)

        def publish(snapshot: Snapshot) -> None:
            publisher.send(encode_snapshot(replace(snapshot, notes={"endpoint": settings.endpoint})))
            seen(snapshot)

        session = Session(
            networks=networks,
            config=settings.analysis(),
            publish=publish,
            run=settings.run,
            commands=commands,
            progress=progress,
        )
        return live(source, decoder, session, stop, recorder=recorder)


def open_decoder(wire: str) -> FrameDecoder:
    """A decoder for a new stream. Raises EdgeError when the settings name no known wire."""
    try:
        return new_decoder(wire)
    except ProtocolError as error:
        raise EdgeError(str(error)) from error

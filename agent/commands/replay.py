"""`beamside replay`: a recording, or a stack of images, with the same results as live."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable

from agent.commands.networks import warm_networks
from agent.commands.options import settings_of
from agent.commands.signals import stopping
from agent.commands.text_table import text_table
from agent.edge.errors import EdgeError
from agent.edge.session.replay import replay
from agent.edge.session.session import Session
from agent.edge.transport.commands import CommandServer
from agent.edge.transport.snapshot_publisher import SnapshotPublisher
from protocol.wire.snapshot import encode_snapshot


def main(options: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """Replay to dashboards that listen, obeying them when an address for commands was given, and tell a table.

    Raises:
        EdgeError: the file or an address is at fault, or no frame could be analysed.
    """
    settings, speed = settings_of(options), _speed(options.speed)
    networks = warm_networks(settings)
    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(stopping())
        publisher = stack.enter_context(SnapshotPublisher(settings.snapshots))
        # A replay beside a running agent must not take its commands: only an address that was given is listened to.
        commands = stack.enter_context(CommandServer(options.commands)) if options.commands else None
        session = Session(
            networks=networks,
            config=settings.analysis(),
            publish=lambda snapshot: publisher.send(encode_snapshot(snapshot)),
            run=options.recording.stem,
            commands=commands,
        )
        last = replay(options.recording, session, stop, speed=speed, as_seen=options.as_seen)
    tell(text_table(last))
    if last.health.received and not last.health.analysed:
        raise EdgeError(f"{options.recording}: no frame could be analysed; the last: {last.health.last_problem}")
    return 0


def _speed(text: str) -> float | None:
    """Times the recorded pace; None for ``max``."""
    try:
        speed = None if text == "max" else float(text)
    except ValueError as error:
        raise EdgeError(f"--speed is a number or max, got {text!r}") from error
    if speed is not None and not speed > 0:
        raise EdgeError(f"--speed must be positive, got {speed}")
    return speed

"""`beamside daemon`, the agent without a screen: structured logs, a clean end, a supervisor that is told the truth."""

from __future__ import annotations

import argparse
import logging
import sys
import threading
import time
from collections.abc import Callable

import structlog

from agent.commands.live import run_live
from agent.commands.options import settings_of
from agent.commands.signals import stopping
from agent.core.networks import Networks
from agent.edge.settings import Settings
from agent.edge.transport.systemd import notify
from protocol.snapshot import Snapshot

WATCHDOG_EVERY_S = 2.0
STATUS_EVERY_S = 10.0

log = structlog.get_logger()


def main(options: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """Run until SIGTERM or SIGINT; 0 after a clean end. Everything that happens is a line of JSON on standard error.

    Raises:
        EdgeError: something cannot be opened, or ten frames in a row failed.
    """
    json_logs()
    settings = settings_of(options)
    with stopping() as stop:
        _run(settings, stop)
    return 0


def _run(settings: Settings, stop: threading.Event) -> None:
    pulse = _Pulse()

    def ready(networks: Networks) -> None:
        log.info(
            "ready",
            backend=networks.backend,
            warnings=list(networks.warnings),
            endpoint=settings.endpoint,
            snapshots=settings.snapshots,
        )
        notify("READY=1")

    last = run_live(settings, stop, ready=ready, progress=pulse.progress, seen=pulse.seen)
    notify("STOPPING=1")
    health = last.health
    log.info("stopped", received=health.received, analysed=health.analysed, not_analysed=dict(health.not_analysed))


class _Pulse:
    """The watchdog is fed by the analysing loop's own turns, so that a stuck loop starves it."""

    def __init__(self) -> None:
        self._fed_s = self._told_s = 0.0

    def progress(self) -> None:
        """One turn of the loop."""
        if time.monotonic() - self._fed_s > WATCHDOG_EVERY_S:
            notify("WATCHDOG=1")
            self._fed_s = time.monotonic()

    def seen(self, snapshot: Snapshot) -> None:
        """A line of the log now and then, and the same for the supervisor."""
        if time.monotonic() - self._told_s < STATUS_EVERY_S:
            return
        self._told_s = time.monotonic()
        health = snapshot.health
        log.info(
            "status",
            messages=health.messages,
            received=health.received,
            analysed=health.analysed,
            not_analysed=dict(health.not_analysed),
            recording=health.recording.mode,
            gaps=health.sequence_gaps,
            particles=snapshot.statistics.particles,
            problem=health.last_problem,
        )
        notify(f"STATUS={health.analysed} of {health.received} frames, {snapshot.statistics.particles} particles")


def json_logs() -> None:
    """One JSON object a line on standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

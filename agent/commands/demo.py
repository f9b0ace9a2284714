"""`beamside demo`, the whole main job on one machine: a virtual microscope over the real wire, agent and dashboard."""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agent.commands.dashboard import has_display, need_qt, save_picture, window
from agent.commands.live import run_live
from agent.commands.options import settings_of
from agent.commands.processes import beside
from agent.commands.signals import stopping
from agent.commands.text_table import text_table
from agent.core.networks import Networks
from agent.edge.errors import EdgeError
from agent.edge.settings import Settings
from protocol.snapshot import Snapshot
from protocol.wire.snapshot import encode_snapshot

TABLE_EVERY_S = 5.0
FIRST_FRAME_S = 20.0
"""A virtual microscope on the same machine that has shown nothing for so long is a fault."""


def main(options: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """Run for so many seconds, or until asked to stop. Raises EdgeError as `run_demo`."""
    with stopping(options.seconds) as stop:
        return run_demo(
            settings_of(options),
            stop,
            rate_per_s=options.rate,
            headless=options.headless,
            png=options.png,
            tell=tell,
        )


def run_demo(
    settings: Settings,
    stop: threading.Event,
    *,
    rate_per_s: float,
    headless: bool,
    png: Path,
    tell: Callable[[str], None],
) -> int:
    """Run until `stop`; without a display a table is told every few seconds and a PNG is written at the end.

    Returns 0, also when stopped before the first frame.

    Raises:
        EdgeError: a port is taken, a model or a library is missing, the microscope or the window dies, or the picture
            cannot be written.
    """
    # What would spoil the end is found at the start.
    shown = has_display() and not headless
    if not shown:
        need_qt()
        if not png.absolute().parent.is_dir():
            raise EdgeError(f"cannot write {png}: there is no folder {png.absolute().parent}")
    settings = on_free_ports(settings)
    tell(_opening(settings, shown, headless))
    ready_s: list[float] = []
    table = _Table(None if shown else tell)

    def ready(networks: Networks) -> None:
        ready_s.append(time.monotonic())

    # Microscope, window and agent: whichever ends first ends the others.
    with contextlib.ExitStack() as stack:
        stack.callback(stop.set)
        stack.enter_context(_microscope(settings.endpoint, rate_per_s, stop))
        if shown:
            stack.enter_context(window(settings.snapshots, settings.commands, stop))
        last = run_live(settings, stop, ready=ready, seen=table.seen)
        waited_s = time.monotonic() - ready_s[0]
    return _close(last, waited_s, None if shown else png, tell)


def on_free_ports(settings: Settings) -> Settings:
    """The same on three ports of this machine that nobody has: another agent here is left in peace."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    endpoint, snapshots, commands = (f"tcp://127.0.0.1:{s.getsockname()[1]}" for s in held)
    for one in held:
        one.close()
    return replace(settings, endpoint=endpoint, snapshots=snapshots, commands=commands, socket="SUB")


def _opening(settings: Settings, shown: bool, headless: bool) -> str:
    if shown:
        where = "the window opens"
    else:
        where = "without a window, as asked" if headless else "no display here: running without a window"
    return (
        f"virtual microscope on {settings.endpoint}, snapshots on {settings.snapshots}, commands on "
        f"{settings.commands}; {where}; Ctrl-C ends it"
    )


class _Table:
    """A table every few seconds."""

    def __init__(self, tell: Callable[[str], None] | None) -> None:
        self._tell, self._told_s = tell, time.monotonic()

    def seen(self, snapshot: Snapshot) -> None:
        """Tell a table when the last one is old enough."""
        if self._tell is not None and time.monotonic() - self._told_s > TABLE_EVERY_S:
            self._told_s = time.monotonic()
            self._tell(text_table(snapshot))
            sys.stdout.flush()


def _close(last: Snapshot, waited_s: float, png: Path | None, tell: Callable[[str], None]) -> int:
    if not last.health.analysed:
        if last.health.last_problem or waited_s > FIRST_FRAME_S:
            raise EdgeError(f"no frame was analysed in {waited_s:.0f} s: {last.health.last_problem or 'none came'}")
        tell("stopped before the first frame was analysed")
        return 0
    tell(text_table(last))
    if png is not None:
        save_picture(encode_snapshot(last), png)
        tell(f"the dashboard's picture is {png}")
    return 0


def _microscope(endpoint: str, rate_per_s: float, stop: threading.Event) -> contextlib.AbstractContextManager[None]:
    """The virtual microscope beside a run; its death stops the run and raises EdgeError."""
    # Started by its name, so no import shows it: the agent may not know the simulator, only speak its wire.
    server = [sys.executable, "-m", "simulator.microscope.server"]
    fault = "the virtual microscope ended with code {code}; its own line above says why"
    return beside([*server, "--endpoint", endpoint, "--rate", str(rate_per_s)], stop, fault)

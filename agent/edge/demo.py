"""The whole main job on one machine: a virtual microscope over the real wire, the agent, the dashboard."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agent.edge.live_run import run_live
from agent.edge.settings import Settings
from agent.edge.table import table
from agent.edge.window_process import has_display, save_picture, window
from protocol.snapshot import Snapshot
from protocol.snapshot_wire import encode_snapshot

TABLE_EVERY_S = 5.0


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

    Raises:
        EdgeError: a port is taken, a model is missing, or the picture fails.
    """
    shown = has_display() and not headless
    tell("virtual microscope, agent and dashboard; Ctrl-C ends it" if shown else "no display: running without a window")
    told = [0.0]

    def seen(snapshot: Snapshot) -> None:
        if not shown and time.monotonic() - told[0] > TABLE_EVERY_S:
            told[0] = time.monotonic()
            tell(table(snapshot))

    with contextlib.ExitStack() as stack:
        stack.callback(stop.set)
        command = [sys.executable, "-m", "simulator.serve", "--endpoint", settings.endpoint, "--rate", str(rate_per_s)]
        microscope = subprocess.Popen(command)
        stack.callback(_end, microscope)
        if shown:
            stack.enter_context(window(settings.snapshots, settings.commands, stop))
        last = run_live(settings, stop, seen=seen)
    tell(table(last))
    if not shown:
        save_picture(encode_snapshot(last), png)
        tell(f"the dashboard's picture is {png}")
    return 0 if last.health.analysed else 1


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(10)

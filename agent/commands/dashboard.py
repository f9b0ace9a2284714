"""`beamside dashboard`, and the window as a process of its own: a dead window never touches the agent."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.commands.processes import beside
from agent.edge.errors import EdgeError

# A module that is started by its name, so no import shows it; that keeps Qt out of every process but its own.
WINDOW = "agent.commands.window"
QT = ("PySide6", "pyqtgraph")


def main(options: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """The window alone, for an agent elsewhere. Raises EdgeError as `run_window`."""
    return run_window(options.snapshots, options.commands)


def has_display() -> bool:
    """Whether a window can open here."""
    return sys.platform in ("win32", "darwin") or any(os.environ.get(k) for k in ("DISPLAY", "WAYLAND_DISPLAY"))


def need_qt() -> None:
    """Raises EdgeError when the dashboard's libraries are not installed."""
    missing = [name for name in QT if importlib.util.find_spec(name) is None]
    if missing:
        raise EdgeError(f"the dashboard needs {' and '.join(missing)}: pip install 'beamside[dashboard]'")


def run_window(snapshots: str, commands: str) -> int:
    """The dashboard until it is closed; its exit code. Raises EdgeError when there is no display or no Qt."""
    _need_display()
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches the window too, which ends by itself
        return subprocess.run(_command(snapshots, commands), check=False).returncode
    return 0


@contextlib.contextmanager
def window(snapshots: str, commands: str, stop: threading.Event) -> Iterator[None]:
    """The dashboard beside a run; closing it stops the run, and the run's end closes it.

    Raises:
        EdgeError: there is no display or no Qt, or the window died.
    """
    _need_display()
    fault = "the dashboard's window ended with code {code}, and the run with it; is the display usable?"
    with beside(_command(snapshots, commands), stop, fault):
        yield


def save_picture(snapshot: bytes, png: Path) -> None:
    """The dashboard of one encoded snapshot as a PNG, drawn without a display. Raises EdgeError."""
    need_qt()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "one.snapshot"
        file.write_bytes(snapshot)
        done = subprocess.run(
            [sys.executable, "-m", WINDOW, "--picture", str(file), str(png)],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise EdgeError(f"the dashboard's picture failed: {last[0].removeprefix('beamside dashboard: ')}")


def _command(snapshots: str, commands: str) -> list[str]:
    return [sys.executable, "-m", WINDOW, "--snapshots", snapshots, "--commands", commands]


def _need_display() -> None:
    if not has_display():
        raise EdgeError("no display here; set DISPLAY, or use `beamside daemon`, which needs none")
    need_qt()

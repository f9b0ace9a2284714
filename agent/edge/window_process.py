"""The dashboard as a process of its own: a dead window never touches the agent."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from agent.edge.errors import EdgeError

WINDOW = "agent.dashboard.window"


def has_display() -> bool:
    """Whether a window can open here."""
    return sys.platform in ("win32", "darwin") or any(os.environ.get(k) for k in ("DISPLAY", "WAYLAND_DISPLAY"))


def run_window(snapshots: str, commands: str) -> int:
    """The dashboard until it is closed; its exit code. Raises EdgeError when there is no display."""
    if not has_display():
        raise EdgeError("no display here; set DISPLAY, or use `beamside daemon`, which needs none")
    return subprocess.run(
        [sys.executable, "-m", WINDOW, "--snapshots", snapshots, "--commands", commands], check=False
    ).returncode


@contextlib.contextmanager
def window(snapshots: str, commands: str, stop: threading.Event) -> Iterator[None]:
    """The dashboard beside a run; closing it stops the run, and the run's end closes it. Raises EdgeError."""
    if not has_display():
        raise EdgeError("no display here; set DISPLAY, or use `beamside daemon`, which needs none")
    process = subprocess.Popen([sys.executable, "-m", WINDOW, "--snapshots", snapshots, "--commands", commands])

    def wait() -> None:
        process.wait()
        stop.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    try:
        yield
    finally:
        process.terminate()
        thread.join(10)


def save_picture(snapshot: bytes, png: Path) -> None:
    """The dashboard of one encoded snapshot as a PNG, drawn without a display. Raises EdgeError."""
    file = png.with_suffix(".snapshot")
    file.write_bytes(snapshot)
    try:
        done = subprocess.run(
            [sys.executable, "-m", WINDOW, "--picture", str(file), str(png)],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.unlink()
    if done.returncode:
        raise EdgeError(f"the dashboard's picture failed: {done.stderr.strip().splitlines()[-1:]}")

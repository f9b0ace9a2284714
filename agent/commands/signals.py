"""The one place that listens to signals: SIGINT and SIGTERM ask for a clean end; a handler does nothing else."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


def on_end(act: Callable[[], object]) -> None:
    """Call `act` when Ctrl-C or SIGTERM asks this process to end; it must not wait."""

    def handle(number: int, frame: FrameType | None) -> None:
        act()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)


@contextlib.contextmanager
def stopping(seconds: float | None = None) -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM, or the time sets."""
    stop = threading.Event()
    on_end(stop.set)
    timer = threading.Timer(seconds, stop.set) if seconds else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield stop
    finally:
        if timer:
            timer.cancel()

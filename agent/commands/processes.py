"""Processes beside a run: started, watched, and ended with it."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator, Sequence

from agent.edge.errors import EdgeError

END_S = 10.0
"""A process that was asked to end and has not after so long is made to."""


@contextlib.contextmanager
def beside(command: Sequence[str], stop: threading.Event, fault: str) -> Iterator[None]:
    """A process beside a run: its end stops the run, and the run's end ends it.

    Raises:
        EdgeError: it ended by itself with a code other than 0; `fault` says so, with ``{code}`` filled in.
    """
    process = subprocess.Popen(command)
    ended_by_us = threading.Event()
    codes: list[int] = []

    def wait() -> None:
        code = process.wait()
        # Ctrl-C reaches it as well as us: what ends after the run was asked to stop has not died.
        if not ended_by_us.is_set() and not stop.is_set():
            codes.append(code)
        stop.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended_by_us.set()
        end(process)
        thread.join(END_S)
    if codes and codes[0]:
        raise EdgeError(fault.format(code=codes[0]))


def end(process: subprocess.Popen[bytes]) -> int:
    """Ask a process to end, make it end if it does not; its exit code."""
    process.terminate()
    try:
        return process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()

"""Processes beside a run."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from agent.commands.processes import beside, end
from agent.edge.errors import EdgeError


def test_a_process_that_is_asked_to_end_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    assert end(process) != 0


WAITS = [sys.executable, "-c", "import threading; threading.Event().wait()"]


def test_the_end_of_the_run_ends_the_process_and_that_is_no_fault() -> None:
    stop = threading.Event()
    with beside(WAITS, stop, "it died with {code}"):
        assert not stop.is_set()
    assert stop.is_set()


def test_the_end_of_the_process_stops_the_run_and_says_why() -> None:
    stop = threading.Event()
    with (
        pytest.raises(EdgeError, match="it died with 3"),
        beside([sys.executable, "-c", "raise SystemExit(3)"], stop, "it died with {code}"),
    ):
        assert stop.wait(60)


def test_a_process_that_ends_well_stops_the_run_and_is_no_fault() -> None:
    stop = threading.Event()
    with beside([sys.executable, "-c", ""], stop, "it died with {code}"):
        assert stop.wait(60)

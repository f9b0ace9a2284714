"""What the supervisor is told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import structlog

from agent.edge.transport.systemd import notify


def test_without_a_supervisor_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")


def test_a_supervisor_hears_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "n"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
        notify("WATCHDOG=1")
        assert supervisor.recv(100) == b"WATCHDOG=1"


def test_a_supervisor_that_has_gone_is_a_line_in_the_log_and_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    with structlog.testing.capture_logs() as lines:
        notify("READY=1")
    assert [(line["message"], line["log_level"]) for line in lines] == [("READY=1", "warning")]


def test_a_supervisor_that_does_not_listen_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf, structlog.testing.capture_logs() as lines:
        deaf.bind(str(tmp_path / "n"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
        for _ in range(5000):
            notify("STATUS=" + "x" * 1000)
            if lines:
                break
    assert lines, "the queue of a socket is finite"

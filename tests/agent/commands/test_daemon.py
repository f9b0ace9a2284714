"""The daemon's pulse and its log, without a microscope."""

from __future__ import annotations

import json

import pytest
import structlog

from agent.commands import daemon
from tests.examples import snapshot


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the supervisor hears."""
    heard: list[str] = []
    monkeypatch.setattr(daemon, "notify", heard.append)
    return heard


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(daemon, "time", made)
    return made


def test_the_watchdog_is_fed_by_turns_of_the_loop_and_not_by_time(told: list[str], clock: Time) -> None:
    pulse = daemon._Pulse()
    for _ in range(100):
        pulse.progress()
        clock.now_s += 0.1
    assert told == ["WATCHDOG=1"] * 5
    clock.now_s += 60
    assert len(told) == 5, "a loop that is stuck starves it"


def test_the_status_is_told_now_and_then_and_reads_well(told: list[str], clock: Time) -> None:
    pulse = daemon._Pulse()
    with structlog.testing.capture_logs() as lines:
        for _ in range(250):
            pulse.seen(snapshot())
            clock.now_s += 0.1
    assert told == ["STATUS=90 of 100 frames, 120 particles"] * 3
    assert [line["event"] for line in lines] == ["status"] * 3
    health = snapshot().health
    assert (lines[0]["analysed"], lines[0]["not_analysed"]) == (health.analysed, dict(health.not_analysed))


def test_every_event_is_one_line_of_json_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    try:
        daemon.json_logs()
        try:
            raise ValueError("two\nlines")
        except ValueError:
            structlog.get_logger().exception("it broke", text="a\nb \ufffd")
        structlog.get_logger().debug("not for an operator")
    finally:
        structlog.configure(**before)
    (line,) = capsys.readouterr().err.splitlines()
    found = json.loads(line)
    assert (found["event"], found["level"], found["text"]) == ("it broke", "error", "a\nb \ufffd")
    assert "ValueError: two" in found["exception"]
    assert found["timestamp"].endswith("Z")

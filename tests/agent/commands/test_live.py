"""What a live run opens, in which order, and that it closes all of it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from agent.commands import live as command
from agent.core.networks import Networks
from agent.edge.errors import EdgeError
from agent.edge.files.recording import recorded_wire
from agent.edge.settings import Settings
from agent.edge.transport.commands import CommandServer
from agent.edge.transport.snapshot_publisher import SnapshotPublisher
from protocol.snapshot import Snapshot
from protocol.wire.karabo import KARABO
from tests.fakes import fake_networks

ANYWHERE = Settings(
    endpoint="tcp://127.0.0.1:9", snapshots="tcp://127.0.0.1:*", commands="tcp://127.0.0.1:*", run="a run"
)


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "warm_networks", lambda settings: fake_networks())


def stopped() -> threading.Event:
    stop = threading.Event()
    stop.set()
    return stop


def test_a_run_that_is_stopped_at_once_was_ready_and_leaves_a_snapshot_that_says_where_it_listened() -> None:
    events: list[object] = []

    def ready(networks: Networks) -> None:
        events.append(networks.backend)

    def seen(snapshot: Snapshot) -> None:
        events.append(snapshot.run)

    last = command.run_live(ANYWHERE, stopped(), ready=ready, seen=seen)
    assert events == ["fake", "a run"]
    assert (last.health.received, last.frame, last.health.backend) == (0, None, "fake")


def test_a_recording_is_begun_before_the_first_frame_and_names_its_wire(tmp_path: Path) -> None:
    path = tmp_path / "new" / "s.beamside"
    last = command.run_live(replace(ANYWHERE, record=str(path)), stopped())
    assert recorded_wire(path) == KARABO
    assert (last.health.recording.mode, last.health.recording.path) == ("on", str(path))


@pytest.mark.parametrize("taken", ["snapshots", "commands"])
def test_a_port_that_is_taken_ends_it_with_a_line_and_nothing_stays_open(taken: str, tmp_path: Path) -> None:
    holder = {"snapshots": SnapshotPublisher, "commands": CommandServer}[taken]
    path = tmp_path / "s.beamside"
    with holder("tcp://127.0.0.1:*") as other:
        settings = replace(ANYWHERE, record=str(path), **{taken: other.endpoint})
        with pytest.raises(EdgeError, match=r"is another agent running"):
            command.run_live(settings, stopped())
        assert not path.exists(), "no recording is begun for a run that cannot start"
    command.run_live(settings, stopped())


def test_what_cannot_work_is_refused_before_a_network_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "warm_networks", pytest.fail)
    with pytest.raises(EdgeError, match=r"wire must be one of karabo-bridge-2\.2, got 'smoke'"):
        command.run_live(replace(ANYWHERE, wire="smoke"), stopped())


def test_a_recording_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "s.beamside"
    path.write_bytes(b"mine")
    with pytest.raises(EdgeError, match="cannot record to"):
        command.run_live(replace(ANYWHERE, record=str(path)), stopped())
    assert path.read_bytes() == b"mine"

"""`beamside replay`, with a dashboard that asks."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agent import cli
from agent.commands import replay as command
from agent.edge.errors import EdgeError
from agent.edge.files.recording import Recorder
from agent.edge.transport.commands import CommandServer, send_command
from protocol.command import Command
from protocol.wire.karabo import KARABO
from tests.fakes import fake_networks, field, parts


def recorded(path: Path, frames: int = 3) -> Path:
    message = parts(field(0, shape=(200, 200)))
    with Recorder(path, KARABO) as recorder:
        for n in range(frames):
            recorder.append(message, float(n))
    return path


def free() -> str:
    with CommandServer("tcp://127.0.0.1:*") as held:
        return held.endpoint


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "warm_networks", lambda settings: fake_networks())


def test_the_table_is_told_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recorded(tmp_path / "s.beamside")
    assert cli.main(["replay", str(path), "--snapshots", free()]) == 0
    assert "in 3 of 3 frames" in capsys.readouterr().out


def test_a_command_reaches_the_replay_at_the_address_that_was_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator pauses a replay of some seconds, and lets it go on to its end at another threshold."""
    path, address, faults = recorded(tmp_path / "s.beamside", 600), free(), list[EdgeError]()

    def operate() -> None:
        try:
            for asked in (
                Command(action="pause"),
                Command(action="set_threshold", value=1.0),
                Command(action="resume"),
            ):
                send_command(address, asked, timeout_s=30)
        except EdgeError as error:
            faults.append(error)

    operator = threading.Thread(target=operate)
    operator.start()
    code = cli.main(["replay", str(path), "--snapshots", free(), "--commands", address])
    operator.join()
    assert (code, faults) == (0, [])
    assert "the threshold is 100%" in capsys.readouterr().out


@pytest.mark.parametrize(("speed", "message"), [("fast", "a number or max"), ("-1", "must be positive")])
def test_a_speed_that_is_none_is_refused(
    tmp_path: Path, speed: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["replay", str(recorded(tmp_path / "s.beamside", 1)), f"--speed={speed}"]) == 2
    assert message in capsys.readouterr().err

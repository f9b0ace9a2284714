"""A recording, or a stack of images, played."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from agent.edge.errors import EdgeError
from agent.edge.files.playback import play
from agent.edge.files.recording import Recorder
from agent.edge.session.replay import replay
from protocol.command import Command
from protocol.snapshot import Snapshot
from protocol.wire.karabo import KARABO
from tests.fakes import fake_networks, field, parts, session
from tests.hostile_wire import HOSTILE
from tests.runs import bits, run_replay

SIZED = {"imagej": True, "resolution": (20.0, 20.0), "metadata": {"unit": "nm"}}


def test_a_stack_of_images_plays_through_replay(tmp_path: Path) -> None:
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, np.stack([field(n).pixels for n in range(4)]), **SIZED)
    last = run_replay(path, fake_networks())
    assert (last.health.received, last.health.analysed) == (4, 4)
    times = [m.received_time_s for m in play(path, None)]
    assert np.diff(times) == pytest.approx([0.1] * 3, abs=1e-5)


class Operator:
    """Says its commands one by one, whenever it is asked."""

    def __init__(self, *commands: Command | None) -> None:
        self._commands = list(commands)

    def poll(self) -> Command | None:
        """The next of them."""
        return self._commands.pop(0) if self._commands else None


def test_a_pause_holds_the_recording_back_and_loses_nothing(tmp_path: Path) -> None:
    path, published = tmp_path / "session.beamside", list[Snapshot]()
    with Recorder(path, KARABO) as recorder:
        for n in range(3):
            recorder.append(parts(field(n)), float(n))
    said = (None, Command(action="pause"), None, Command(action="set_threshold", value=0.9), Command(action="resume"))
    means = replace(session(publish=published.append), commands=Operator(*said), clock=iter(range(10**6)).__next__)
    last = replay(path, means, threading.Event())
    assert (last.health.analysed, last.threshold) == (3, 0.9)
    assert last.health.not_analysed == {}
    assert [s.paused for s in published].count(True) >= 1, "a dashboard hears of the pause"


def test_a_replay_that_is_stopped_ends_with_what_it_has(tmp_path: Path) -> None:
    path, stop = tmp_path / "session.beamside", threading.Event()
    with Recorder(path, KARABO) as recorder:
        recorder.append(parts(field(0)), 0.0)
    stop.set()
    assert replay(path, session(), stop).health.messages == 0


def test_replaying_twice_gives_the_same_bits(tmp_path: Path) -> None:
    path = tmp_path / "session.beamside"
    with Recorder(path, KARABO) as recorder:
        for n in range(4):
            recorder.append(parts(field(n)), float(n))
    one, two = (run_replay(path, fake_networks()) for _ in range(2))
    assert bits(one) == bits(two)


def test_ten_failures_in_a_row_end_the_run(tmp_path: Path) -> None:
    def broken(channels: np.ndarray) -> np.ndarray:
        raise RuntimeError("the network fell over")

    path = tmp_path / "session.beamside"
    with Recorder(path, KARABO) as recorder:
        for n in range(12):
            recorder.append(parts(field(n)), float(n))
    with pytest.raises(EdgeError, match=r"10 frames in a row failed, the last: the network fell over"):
        run_replay(path, replace(fake_networks(), detect=broken))


def test_a_recorder_whose_clock_was_wrong_does_not_break_the_pace(tmp_path: Path) -> None:
    path, stop = tmp_path / "session.beamside", threading.Event()
    with Recorder(path, KARABO) as recorder:
        recorder.append(parts(field(0)), 0.0)
        recorder.append(parts(field(1)), 1e300)

    def publish(snapshot: Snapshot) -> None:
        if snapshot.health.analysed:
            stop.set()

    means = replace(session(publish=publish), clock=iter(range(10**6)).__next__)
    assert replay(path, means, stop, speed=1.0).health.messages == 1


def test_a_message_that_is_refused_is_counted_as_live_counts_it(tmp_path: Path) -> None:
    path = tmp_path / "session.beamside"
    with Recorder(path, KARABO) as recorder:
        for number, message in enumerate((parts(field(0)), *HOSTILE.values(), parts(field(1)))):
            recorder.append(message, float(number))
    last = run_replay(path, fake_networks())
    assert last.health.received == len(HOSTILE) + 2
    assert (last.health.analysed, last.health.not_analysed) == (2, {"protocol": len(HOSTILE)})

"""What receives, records, replays and counts knows no wire: a second one, with messages that hold no frame, fits in."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.edge.errors import EdgeError
from agent.edge.files.playback import read_frames
from agent.edge.files.recording import Recorder, read_recording, recorded_wire
from tests.fakes import field
from tests.runs import accounted, bits, run_live, run_replay
from tests.second_wire import SERIES, WIRES, SeriesDecoder, end, image, start

FRAMES = 4
MESSAGES = [start(), *(image(field(n)) for n in range(FRAMES)), end()]


def recorded(path: Path) -> Path:
    with Recorder(path, SERIES) as recorder:
        for number, parts in enumerate(MESSAGES):
            recorder.append(parts, float(number))
    return path


def test_a_message_without_a_frame_is_a_message_and_no_frame() -> None:
    last = run_live(MESSAGES[:-1], decoder=SeriesDecoder(), frames=FRAMES)
    assert (last.health.messages, last.health.received) == (FRAMES + 1, FRAMES)
    assert accounted(last)
    assert last.health.analysed >= 1
    assert last.health.sequence_gaps == 0


def test_what_breaks_this_wires_promise_is_a_frame_that_was_refused() -> None:
    last = run_live([image(field(0)), [b"?"], start(), image(field(1))], decoder=SeriesDecoder(), frames=3)
    assert (last.health.messages, last.health.received, last.health.analysed) == (4, 3, 1)
    assert last.health.not_analysed == {"protocol": 2}
    assert "start, image or end was promised" in last.health.last_problem


def test_a_recording_names_its_wire_and_keeps_every_message(tmp_path: Path) -> None:
    path = recorded(tmp_path / "s.beamside")
    assert recorded_wire(path) == SERIES
    assert [list(m.parts) for m in read_recording(path)] == MESSAGES


def test_a_replay_counts_as_live_does(tmp_path: Path) -> None:
    path = recorded(tmp_path / "s.beamside")
    last = run_replay(path, wires=WIRES)
    assert (last.health.messages, last.health.received, last.health.analysed) == (FRAMES + 2, FRAMES, FRAMES)
    assert len(list(read_frames(path, wires=WIRES))) == FRAMES


def test_a_replay_as_seen_gives_its_decoder_what_came_before_the_chosen_frames(tmp_path: Path) -> None:
    path = tmp_path / "s.beamside"
    with Recorder(path, SERIES) as recorder:
        seen = run_live(MESSAGES[:-1], recorder=recorder, decoder=SeriesDecoder(), frames=FRAMES)
    again = run_replay(path, as_seen=True, wires=WIRES)
    assert bits(again) == bits(seen)
    assert again.health.analysed == seen.health.analysed


def test_a_recording_of_an_unknown_wire_is_refused_by_its_name(tmp_path: Path) -> None:
    path = recorded(tmp_path / "s.beamside")
    with pytest.raises(EdgeError, match=r"wire must be one of karabo-bridge-2\.2, got 'series-1'"):
        run_replay(path)

"""What replay plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from agent.edge.errors import EdgeError
from agent.edge.files.playback import IMAGES_PER_S, play, read_frames
from agent.edge.files.recording import Recorder
from protocol.wire.karabo import KARABO
from tests.fakes import field, parts


def recorded(path: Path) -> Path:
    with Recorder(path, KARABO) as recorder:
        for number in range(3):
            recorder.append(parts(field(number)) if number != 1 else [b"?"], 10.0 + number)
        recorder.mark_analysed(2)
    return path


def test_every_message_is_played_at_its_time_and_a_refused_one_says_why(tmp_path: Path) -> None:
    played = list(play(recorded(tmp_path / "s.beamside"), None))
    assert [p.received_time_s for p in played] == [10.0, 11.0, 12.0]
    assert [p.frame.sequence if p.frame else None for p in played] == [0, None, 2]
    assert "may unpickle" in played[1].fault
    assert played[2].frame is not None
    assert played[2].frame.received_time_s == 12.0


def test_as_seen_plays_what_was_analysed_live(tmp_path: Path) -> None:
    (played,) = play(recorded(tmp_path / "s.beamside"), None, as_seen=True)
    assert played.frame is not None
    assert played.frame.sequence == 2


def test_images_come_at_a_made_up_pace_and_cannot_be_played_as_seen(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.stack([field(n).pixels for n in range(2)]))
    first, second = play(tmp_path / "a.tif", 0.05)
    assert second.received_time_s - first.received_time_s == pytest.approx(1 / IMAGES_PER_S, abs=1e-5)
    assert first.frame is not None
    assert first.frame.pixel_size_provenance == "user"
    with pytest.raises(EdgeError, match="only a recording knows"):
        list(play(tmp_path / "a.tif", 0.05, as_seen=True))


def test_to_who_reads_frames_a_refused_message_is_a_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"s\.beamside, message 1: a single part"):
        list(read_frames(recorded(tmp_path / "s.beamside")))

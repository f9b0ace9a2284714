"""Same frames, same engine, same statistics, to the last bit; and every frame is accounted for."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import msgpack
import numpy as np
import pytest

from agent.core.config import AnalysisConfig
from agent.core.networks import Engine
from agent.edge.errors import EdgeError
from agent.edge.files.recording import MAGIC, Recorder, analysed_live, read_recording
from agent.edge.session.live import live
from agent.edge.session.replay import replay
from protocol.snapshot import Snapshot
from protocol.wire.typed import to_plain
from tests.fakes import ListSource, engine, field, parts
from tests.hostile_wire import HOSTILE

CONFIG = AnalysisConfig()


def bits(snapshot: Snapshot) -> bytes:
    """What a run found, without its clock."""
    plain = to_plain(replace(snapshot, frame=None))
    return bytes(msgpack.packb(plain["statistics"]))


def run_live(messages: list[list[bytes]], which: Engine, recorder: Recorder | None = None) -> Snapshot:
    return live(
        ListSource(messages),
        which,
        CONFIG,
        lambda snapshot: None,
        threading.Event(),
        run="test",
        recorder=recorder,
        until_frames=len(messages),
    )


def accounted(snapshot: Snapshot) -> bool:
    health = snapshot.health
    return health.received == health.analysed + sum(health.not_analysed.values())


def test_live_is_replay(tmp_path: Path) -> None:
    path = tmp_path / "session.beamside"
    with Recorder(path) as recorder:
        seen = run_live([parts(field(n)) for n in range(6)], engine(), recorder)
    again = replay(path, engine(), CONFIG, lambda snapshot: None, threading.Event(), as_seen=True)
    assert bits(again) == bits(seen)
    assert again.statistics.particles == seen.statistics.particles > 0
    whole = replay(path, engine(), CONFIG, lambda snapshot: None, threading.Event())
    assert whole.health.analysed == 6


def test_replaying_twice_gives_the_same_bits(tmp_path: Path) -> None:
    path = tmp_path / "session.beamside"
    with Recorder(path) as recorder:
        for n in range(4):
            recorder.append(parts(field(n)), float(n))
    one, two = (replay(path, engine(), CONFIG, lambda snapshot: None, threading.Event()) for _ in range(2))
    assert bits(one) == bits(two)


def test_every_frame_is_accounted_for_whatever_comes() -> None:
    messages = [
        parts(field(0)),
        *HOSTILE.values(),
        parts(field(1, shape=(200, 200))),
        parts(field(2, pixel_size_nm=None)),
        parts(replace(field(3), pixels=np.zeros((100, 100), np.float32))),
        parts(field(9)),
    ]
    last = run_live(messages, engine())
    assert last.health.received == len(messages)
    assert last.health.not_analysed["protocol"] == len(HOSTILE)
    assert accounted(last)
    assert last.health.sequence_gaps == 5


def test_a_missing_pixel_size_is_shown_with_the_way_to_give_it() -> None:
    last = run_live([parts(field(0, pixel_size_nm=None))], engine())
    assert last.health.not_analysed == {"no_pixel_size": 1}
    assert "--pixel-size-nm" in last.health.last_problem


def test_ten_failures_in_a_row_end_the_run(tmp_path: Path) -> None:
    def broken(channels: np.ndarray) -> np.ndarray:
        raise RuntimeError("the network fell over")

    path = tmp_path / "session.beamside"
    with Recorder(path) as recorder:
        for n in range(12):
            recorder.append(parts(field(n)), float(n))
    with pytest.raises(EdgeError, match=r"10 frames in a row failed, the last: the network fell over"):
        replay(path, replace(engine(), detect=broken), CONFIG, lambda snapshot: None, threading.Event())


def test_one_failure_is_counted_and_the_run_goes_on() -> None:
    good, calls = engine(), []

    def once(channels: np.ndarray) -> np.ndarray:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("once")
        return good.detect(channels)

    messages = [parts(field(0))]
    last = run_live(messages, replace(good, detect=once))
    assert last.health.not_analysed == {"failed": 1}


def test_a_killed_recorder_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "torn.beamside"
    with Recorder(path) as recorder:
        for n in range(3):
            recorder.append(parts(field(n)), float(n))
        recorder.mark_analysed(1)
    whole = path.read_bytes()
    for cut in (len(whole) - 1, len(whole) - 20, len(MAGIC) + 5):
        path.write_bytes(whole[:cut])
        found = [m.index for m in read_recording(path)]
        assert found == list(range(len(found)))
        assert len(found) == (3 if cut > len(MAGIC) + 5 else 0)
    path.write_bytes(whole)
    assert analysed_live(path) == {1}
    assert [m.parts[3] for m in read_recording(path)] == [parts(field(n))[3] for n in range(3)]


@pytest.mark.parametrize(("content", "message"), [(b"PNG", "no beamside recording"), (None, "cannot read")])
def test_what_is_no_recording_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.beamside"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EdgeError, match=message):
        list(read_recording(path))


def test_damage_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.beamside"
    with Recorder(path) as recorder:
        recorder.append(parts(field(0)), 0.0)
        recorder.append(parts(field(1)), 1.0)
    content = bytearray(path.read_bytes())
    content[len(MAGIC) + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(EdgeError, match="is damaged"):
        list(read_recording(path))


def test_a_recording_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "x.beamside"
    path.write_bytes(b"mine")
    with pytest.raises(EdgeError, match="cannot record to"):
        Recorder(path)

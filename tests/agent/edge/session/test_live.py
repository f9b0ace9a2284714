"""The two threads of a live run."""

from __future__ import annotations

import resource
import signal
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np

from agent.edge.files.recording import Recorder, read_recording
from agent.edge.session.live import live
from protocol.wire.karabo import KARABO, KaraboDecoder
from tests.fakes import ListSource, fake_networks, field, parts, session
from tests.hostile_wire import HOSTILE
from tests.runs import accounted, run_live

GOOD = field(0).pixels


def test_a_stream_may_change_its_shape_and_type_in_its_middle() -> None:
    stream = [
        field(0),
        field(1, shape=(300, 480)),
        replace(field(2), pixels=field(2).pixels.astype(np.float32)),
        replace(field(3), pixels=np.array([[1]], dtype=np.uint8)),
        field(4),
    ]
    paused = threading.Event()
    for count in range(1, 6):  # one at a time: none is replaced before it was looked at
        last = live(
            ListSource([parts(f) for f in stream[count - 1 : count]]),
            KaraboDecoder(),
            session(),
            paused,
            until_frames=1,
        )
        assert accounted(last)
        assert last.health.not_analysed == ({"unusable": 1} if count == 4 else {})


def test_a_full_disk_ends_the_recording_loudly_and_not_the_analysis(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    path, published = tmp_path / "full.beamside", []
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(2.5 * GOOD.nbytes), hard))
    try:
        with Recorder(path, KARABO) as recorder:
            last = live(
                ListSource([parts(field(n)) for n in range(5)]),
                KaraboDecoder(),
                session(publish=published.append),
                threading.Event(),
                recorder=recorder,
                until_frames=5,
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert (last.health.recording.mode, last.health.recording.path) == ("stopped", str(path))
    assert last.health.recording.reason.startswith("disk error")
    assert "analysis goes on" in last.health.last_problem
    assert last.health.analysed >= 1
    assert accounted(last)
    assert [m.index for m in read_recording(path)] == [0, 1]


def test_every_frame_is_accounted_for_whatever_comes() -> None:
    messages = [
        parts(field(0)),
        *HOSTILE.values(),
        parts(field(1, shape=(200, 200))),
        parts(field(2, pixel_size_nm=None)),
        parts(replace(field(3), pixels=np.zeros((100, 100), np.float32))),
        parts(field(9)),
    ]
    last = run_live(messages, fake_networks())
    assert last.health.received == len(messages)
    assert last.health.not_analysed["protocol"] == len(HOSTILE)
    assert accounted(last)
    assert last.health.sequence_gaps == 5


def test_a_missing_pixel_size_is_shown_with_the_way_to_give_it() -> None:
    last = run_live([parts(field(0, pixel_size_nm=None))], fake_networks())
    assert last.health.not_analysed == {"no_pixel_size": 1}
    assert "--pixel-size-nm" in last.health.last_problem


def test_one_failure_is_counted_and_the_run_goes_on() -> None:
    good, calls = fake_networks(), []

    def once(channels: np.ndarray) -> np.ndarray:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("once")
        return good.detect(channels)

    messages = [parts(field(0))]
    last = run_live(messages, replace(good, detect=once))
    assert last.health.not_analysed == {"failed": 1}

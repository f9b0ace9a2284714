"""Bad files, frames and messages, by name: one clear line each, and nothing lost of what was good."""

from __future__ import annotations

import io
import json
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile

from agent.commands.analyse import analyse_files
from agent.core.config import AnalysisConfig
from agent.edge.files.playback import messages
from agent.edge.files.recording import Recorder, read_recording
from agent.edge.session.latest import Latest
from agent.edge.session.live import live
from agent.edge.session.receiver import Incoming, Intake
from agent.edge.session.replay import replay
from agent.edge.transport.frame_source import KaraboSource
from tests.agent.test_live_is_replay import accounted
from tests.fakes import ListSource, engine, field, parts

GOOD = field(0).pixels
SIZED = {"imagej": True, "resolution": (20.0, 20.0), "metadata": {"unit": "nm"}}
ROOT = Path(__file__).parents[2]


def truncated(path: Path) -> None:
    tifffile.imwrite(path, np.stack([GOOD] * 4), **SIZED)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def truncated_pages(path: Path) -> None:
    with tifffile.TiffWriter(path) as file:
        for _ in range(4):
            file.write(GOOD, contiguous=False)
    with tifffile.TiffFile(path) as file:
        third = file.pages[2].offset
    path.write_bytes(path.read_bytes()[:third])


def mrc(path: Path, size_angstrom: float) -> None:
    with mrcfile.new(path) as file:
        file.set_data(GOOD)
        file.header.cella = (size_angstrom * GOOD.shape[1], size_angstrom * GOOD.shape[0], 1)


BAD_FILES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "truncated stack": ("a.tif", truncated, "truncated, 1 of 4 images are there"),
    "truncated pages": ("a.tif", truncated_pages, "more than its 2 whole images were promised"),
    "wrong magic": ("a.tif", lambda p: p.write_bytes(b"PK\x03\x04 a zip"), "cannot be read as .tif"),
    "empty file": ("a.mrc", lambda p: p.write_bytes(b""), "cannot be read as .mrc"),
    "a folder": ("a.tif", lambda p: p.mkdir(), "no such file"),
    "pixel size negative": ("a.mrc", lambda p: mrc(p, -10.0), "is -1.0 nm, which is not positive"),
    "pixel size zero": ("a.mrc", lambda p: mrc(p, 0.0), "give it with --pixel-size-nm"),
    "pixels not square": (
        "a.tif",
        lambda p: tifffile.imwrite(p, GOOD, **{**SIZED, "resolution": (20.0, 10.0)}),
        "the pixels are not square",
    ),
    "pixels of a light microscope": (
        "a.tif",
        lambda p: tifffile.imwrite(p, GOOD, **{**SIZED, "metadata": {"unit": "micron"}}),
        "its pixels are 50 nm",
    ),
    "not numbers": ("a.tif", lambda p: tifffile.imwrite(p, GOOD * np.float32(np.nan), **SIZED), "are not finite"),
    "all zero": ("a.tif", lambda p: tifffile.imwrite(p, GOOD * 0, **SIZED), "the same value, 0"),
    "constant": ("a.tif", lambda p: tifffile.imwrite(p, GOOD * 0 + 7, **SIZED), "the same value, 7"),
    "one pixel": ("a.tif", lambda p: tifffile.imwrite(p, GOOD[:1, :1], **SIZED), "got 1 x 1"),
    "metadata without images": ("a.emi", lambda p: p.write_bytes(b"x"), "holds no images"),
}


def analysed(path: Path) -> tuple[list[dict[str, object]], str]:
    out = io.StringIO()
    ((_, written, problem),) = analyse_files([path], engine(), AnalysisConfig(), out)
    lines = [json.loads(text) for text in out.getvalue().splitlines()]
    assert len(lines) == written
    return lines, problem


@pytest.mark.filterwarnings("ignore")  # readers warn before they fail
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_line_that_names_it(tmp_path: Path, name: str) -> None:
    file, make, message = BAD_FILES[name]
    make(tmp_path / file)
    lines, problem = analysed(tmp_path / file)
    assert lines == []
    assert problem.startswith(str(tmp_path / file))
    assert message in problem
    assert "\n" not in problem


def test_a_bad_frame_of_a_stack_costs_that_frame_alone(tmp_path: Path) -> None:
    stack = np.stack([field(n).pixels for n in range(5)]).astype(np.float32)
    stack[1, 3, 3], stack[3] = np.nan, 5
    tifffile.imwrite(tmp_path / "a.tif", stack, **SIZED)
    lines, problem = analysed(tmp_path / "a.tif")
    assert [line["frame"] for line in lines] == [0, 2, 4]
    assert "frame 1: 1 of 192000 pixels are not finite" in problem
    assert "1 more faults, the last:" in problem
    assert "frame 3: every pixel has the same value" in problem


def test_pages_of_another_shape_and_type_are_analysed_too(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for page in (field(0).pixels, field(1, shape=(320, 480)).pixels.astype(np.float32)):
            file.write(page, contiguous=False, resolution=(2e8, 2e8), resolutionunit="CENTIMETER")
    lines, problem = analysed(tmp_path / "a.tif")
    assert (len(lines), problem) == (2, "")
    assert lines[0]["pixel_size_nm"] == pytest.approx(0.05)


def test_a_given_pixel_size_overrides_a_bad_one(tmp_path: Path) -> None:
    mrc(tmp_path / "a.mrc", -10.0)
    ((_, written, problem),) = analyse_files(
        [tmp_path / "a.mrc"], engine(), AnalysisConfig(pixel_size_nm=0.05), io.StringIO()
    )
    assert (written, problem) == (1, "")


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
            engine(),
            AnalysisConfig(),
            lambda snapshot: None,
            paused,
            run="test",
            until_frames=1,
        )
        assert accounted(last)
        assert last.health.not_analysed == ({"unusable": 1} if count == 4 else {})


def test_garbage_on_the_port_is_refused_and_the_next_frame_is_read() -> None:
    """ZeroMQ takes some garbage for a message of its first version: it comes as parts that are no frame."""
    slot: Latest[Incoming] = Latest()
    intake = Intake(slot, lambda: 0.0)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(10)
        with KaraboSource(f"tcp://127.0.0.1:{stranger.getsockname()[1]}", "PULL") as source:
            line, _ = stranger.accept()
            with line:
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(range(256)) * 40)
                while (got := source.receive(0.3)) is not None:
                    intake.accept(got)
    assert (intake.refused, slot.waiting) == (intake.received, 0)
    intake.accept(parts(field(0)))
    assert (intake.received - intake.refused, slot.waiting) == (1, 1)


def test_a_full_disk_ends_the_recording_loudly_and_not_the_analysis(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    path, published = tmp_path / "full.beamside", []
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(2.5 * GOOD.nbytes), hard))
    try:
        with Recorder(path) as recorder:
            last = live(
                ListSource([parts(field(n)) for n in range(5)]),
                engine(),
                AnalysisConfig(),
                published.append,
                threading.Event(),
                run="test",
                recorder=recorder,
                until_frames=5,
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert last.health.recording.startswith("STOPPED after a disk error")
    assert "analysis goes on" in last.health.last_problem
    assert last.health.analysed >= 1
    assert accounted(last)
    assert [m.index for m in read_recording(path)] == [0, 1]


RECORDS_FOR_EVER = """
import sys
from pathlib import Path
from agent.edge.files.recording import Recorder
from tests.fakes import field, parts
message = parts(field(0))
with Recorder(Path(sys.argv[1])) as recorder:
    while True:
        print(recorder.append(message, 0.0), flush=True)
"""


def test_a_recorder_that_is_killed_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "killed.beamside"
    writer = subprocess.Popen(
        [sys.executable, "-c", RECORDS_FOR_EVER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(8)]
    writer.kill()
    acknowledged += [int(text) for text in writer.stdout.read().splitlines() if text.strip()]
    writer.wait()
    writer.stdout.close()
    found = [m.index for m in read_recording(path)]
    assert found[: len(acknowledged)] == acknowledged
    assert [m.parts for m in read_recording(path)][-1][3] == parts(field(0))[3]


def test_a_stack_of_images_plays_through_replay(tmp_path: Path) -> None:
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, np.stack([field(n).pixels for n in range(4)]), **SIZED)
    last = replay(path, engine(), AnalysisConfig(), lambda snapshot: None, threading.Event())
    assert (last.health.received, last.health.analysed) == (4, 4)
    times = [m.received_time_s for m in messages(path, None)]
    assert np.diff(times) == pytest.approx([0.1] * 3, abs=1e-5)

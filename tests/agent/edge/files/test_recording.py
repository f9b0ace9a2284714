"""A recording keeps the bytes that came, and what was acknowledged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.edge.errors import EdgeError
from agent.edge.files.recording import Recorder, analysed_live, read_recording, recorded_wire
from protocol.wire.karabo import KARABO
from tests.fakes import field, parts

ROOT = Path(__file__).parents[4]


RECORDS_FOR_EVER = """
import sys
from pathlib import Path
from agent.edge.files.recording import Recorder
from protocol.wire.karabo import KARABO
from tests.fakes import field, parts
message = parts(field(0))
with Recorder(Path(sys.argv[1]), KARABO) as recorder:
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


HEADER = f"beamside recording 2 {KARABO}\n"


def test_a_killed_recorder_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "torn.beamside"
    with Recorder(path, KARABO) as recorder:
        for n in range(3):
            recorder.append(parts(field(n)), float(n))
        recorder.mark_analysed(1)
    whole = path.read_bytes()
    for cut in (len(whole) - 1, len(whole) - 20, len(HEADER) + 5):
        path.write_bytes(whole[:cut])
        found = [m.index for m in read_recording(path)]
        assert found == list(range(len(found)))
        assert len(found) == (3 if cut > len(HEADER) + 5 else 0)
    path.write_bytes(whole)
    assert analysed_live(path) == {1}
    assert [m.parts[3] for m in read_recording(path)] == [parts(field(n))[3] for n in range(3)]


def test_a_recording_of_the_first_version_names_no_wire_and_is_karabo(tmp_path: Path) -> None:
    path = tmp_path / "old.beamside"
    with Recorder(path, KARABO) as recorder:
        recorder.append(parts(field(0)), 1.5)
    path.write_bytes(path.read_bytes().replace(HEADER.encode(), b"beamside recording 1\n"))
    assert recorded_wire(path) == KARABO
    (message,) = read_recording(path)
    assert (message.received_time_s, list(message.parts)) == (1.5, parts(field(0)))


@pytest.mark.parametrize(
    "header", [b"beamside recording 3 x\n", b"beamside recording 2\n", b"beamside recording 2 \n", b"beamside"]
)
def test_a_header_of_another_version_is_refused(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "new.beamside"
    path.write_bytes(header)
    with pytest.raises(EdgeError, match="no beamside recording of version 1 or 2"):
        list(read_recording(path))


def test_a_wire_without_a_name_is_not_recorded(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="names no wire"):
        Recorder(tmp_path / "s.beamside", "two words")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("content", "message"), [(b"PNG", "no beamside recording"), (None, "cannot read")])
def test_what_is_no_recording_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.beamside"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EdgeError, match=message):
        list(read_recording(path))


def test_damage_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.beamside"
    with Recorder(path, KARABO) as recorder:
        recorder.append(parts(field(0)), 0.0)
        recorder.append(parts(field(1)), 1.0)
    content = bytearray(path.read_bytes())
    content[len(HEADER) + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(EdgeError, match="is damaged"):
        list(read_recording(path))


def test_a_recording_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "x.beamside"
    path.write_bytes(b"mine")
    with pytest.raises(EdgeError, match="cannot record to"):
        Recorder(path, KARABO)

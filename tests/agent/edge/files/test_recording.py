"""A recording keeps the bytes that came, and what was acknowledged."""

from __future__ import annotations

import resource
import signal
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.edge.errors import EdgeError
from agent.edge.files.recording import RECORD, Recorder, analysed_live, read_recording, recorded_wire
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


def record(kind: bytes, body: bytes) -> bytes:
    """A record whose checksum is right, whatever is in it."""
    return RECORD.pack(kind, len(body), zlib.crc32(body)) + body


ONE_PART = struct.pack("<dIQ", 0.0, 1, 3) + b"abc"


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        (b"F", b"", "message 0 ends before its parts do"),
        (b"F", struct.pack("<dI", 0.0, 1), "message 0 ends before its parts do"),
        (b"F", struct.pack("<dI", 0.0, 2**32 - 1) + b"\x00" * 16, "message 0 ends before its parts do"),
        (b"F", struct.pack("<dIQ", 0.0, 1, 2**63) + b"abc", "message 0 promises .* bytes, its record has 23"),
        (b"F", ONE_PART + b"more", "message 0 promises 23 bytes, its record has 27"),
        (b"A", b"1", "a mark of 8 bytes was promised, got 1"),
    ],
)
def test_a_record_that_does_not_add_up_is_named_although_its_checksum_is_right(
    tmp_path: Path, kind: bytes, body: bytes, message: str
) -> None:
    path = tmp_path / "x.beamside"
    path.write_bytes(HEADER.encode() + record(kind, body) + record(b"F", ONE_PART))
    with pytest.raises(EdgeError, match=message):
        list(read_recording(path) if kind == b"F" else analysed_live(path))


def test_a_kind_of_record_that_a_later_version_may_add_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.beamside"
    path.write_bytes(HEADER.encode() + record(b"Z", b"anything") + record(b"F", ONE_PART))
    assert [m.parts for m in read_recording(path)] == [(b"abc",)]


@given(st.lists(st.lists(st.binary(max_size=40), max_size=4), max_size=5))
def test_whatever_came_comes_back(messages: list[list[bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.beamside"
        with Recorder(path, KARABO) as recorder:
            indices = [recorder.append(message, float(n)) for n, message in enumerate(messages)]
        found = list(read_recording(path))
        assert [list(m.parts) for m in found] == messages
        assert [m.index for m in found] == indices


def test_a_disk_that_has_room_again_gets_a_recording_without_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "x.beamside"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Recorder(path, KARABO) as recorder:
        recorder.append([b"a" * 500], 0.0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            with pytest.raises(OSError, match=r"File too large|only part of a record"):
                recorder.append([b"b" * 900], 1.0)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, before)
        recorder.append([b"c" * 500], 2.0)
    assert [m.parts[0][:1] for m in read_recording(path)] == [b"a", b"c"]

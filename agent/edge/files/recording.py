"""A recording: the wire's bytes as they came. Append-only, so that a killed recorder loses nothing acknowledged.

Layout, little-endian: a line `beamside recording 2 WIRE`, where WIRE names the wire of the messages, then records.
Recordings made before there was a second wire begin `beamside recording 1` and are Karabo Bridge. A record is `kind`
(1 byte), length of its body (8 bytes), CRC-32 of its body (4 bytes), body. Kind F, a message, which may hold no frame:
received time (float64), number of parts (uint32), for each part its length (uint64) and bytes. Kind A, analysed live:
index of the message (uint64).
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from agent.edge.errors import EdgeError

HEADER = re.compile(rb"beamside recording (?:1|2 ([A-Za-z0-9.-]{1,64}))\n")
HEADER_BYTES = 128
"""A header is shorter than this."""
FIRST_WIRE = "karabo-bridge-2.2"
"""Of recordings that do not name one."""
RECORD = struct.Struct("<cQI")
SUFFIX = ".beamside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One message of a recording."""

    index: int
    """Among the messages, from 0."""
    received_time_s: float
    """Unix time, by the recorder's clock."""
    parts: tuple[bytes, ...]
    """As they came."""


class Recorder:
    """Appends the messages of one wire to a new file; raises OSError when the disk does not take it.

    A context manager. Raises EdgeError when the file exists or cannot be made.
    """

    def __init__(self, path: Path, wire: str) -> None:
        header = f"beamside recording 2 {wire}\n".encode()
        if not HEADER.fullmatch(header):
            raise EdgeError(f"cannot record to {path}: {wire!r} names no wire")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("xb", buffering=0)
        except OSError as error:
            raise EdgeError(f"cannot record to {path}: {error.strerror or error}") from error
        self.path = path
        self._count = 0
        self._file.write(header)

    def append(self, parts: Sequence[bytes | memoryview], received_time_s: float) -> int:
        """Write one message whole and return its index; once this returns, a killed process does not lose it."""
        body = [struct.pack("<dI", received_time_s, len(parts))]
        for part in parts:
            body += [struct.pack("<Q", len(part)), bytes(part)]
        self._write(b"F", b"".join(body))
        self._count += 1
        return self._count - 1

    def mark_analysed(self, index: int) -> None:
        """Note that a frame was analysed live, for a replay as seen."""
        self._write(b"A", struct.pack("<Q", index))

    def _write(self, kind: bytes, body: bytes) -> None:
        # Whole or not at all: what the disk took of a record that did not fit is cut off again.
        start = self._file.tell()
        record = RECORD.pack(kind, len(body), zlib.crc32(body)) + body
        try:
            written = self._file.write(record)
            if written != len(record):
                raise OSError(28, "the disk took only part of a record")
        except OSError:
            self._file.truncate(start)
            self._file.seek(start)
            raise

    def close(self) -> None:
        """Put everything on the disk."""
        if not self._file.closed:
            os.fsync(self._file.fileno())
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_recording(path: Path) -> Iterator[Recorded]:
    """Messages in order. A torn last record, as a killed recorder leaves it, ends the recording quietly.

    Raises:
        EdgeError: no such file, no recording, or damaged in its middle.
    """
    index = 0
    for kind, body in _records(path):
        if kind == b"F":
            yield _message(path, index, body)
            index += 1


def recorded_wire(path: Path) -> str:
    """Name of the wire that the messages are of. Raises EdgeError as `read_recording`."""
    with _open(path) as file:
        return _wire(file, path)


def analysed_live(path: Path) -> frozenset[int]:
    """Indices of the messages whose frames were analysed live. Raises EdgeError as `read_recording`."""
    return frozenset(_index(path, body) for kind, body in _records(path) if kind == b"A")


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise EdgeError(f"cannot read {path}: {error.strerror or error}") from error


def _wire(file: BinaryIO, path: Path) -> str:
    """The wire that the header names; the file then stands at the first record."""
    head = file.read(HEADER_BYTES)
    found = HEADER.match(head)
    if found is None:
        raise EdgeError(f"{path} is no beamside recording of version 1 or 2: it begins with {head[:32]!r}")
    file.seek(found.end())
    return FIRST_WIRE if found[1] is None else found[1].decode()


def _records(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """(kind, body) of each record; a torn last one ends the file."""
    with _open(path) as file:
        _wire(file, path)
        size = path.stat().st_size
        while len(head := file.read(RECORD.size)) == RECORD.size:
            # A record that ends after the file, or ends it damaged, is the torn last one; any other is damage.
            kind, length, checksum = RECORD.unpack(head)
            if file.tell() + length > size:
                return
            body = file.read(length)
            if zlib.crc32(body) != checksum:
                if file.tell() == size:
                    return
                raise EdgeError(f"{path}: the record that ends at byte {file.tell()} is damaged")
            yield kind, body


def _index(path: Path, body: bytes) -> int:
    if len(body) != 8:
        raise EdgeError(f"{path}: a mark of 8 bytes was promised, got {len(body)}")
    return int(struct.unpack("<Q", body)[0])


def _message(path: Path, index: int, body: bytes) -> Recorded:
    """The message of a body. Its checksum is right, so what does not add up was written so, by nobody of ours."""
    parts: list[bytes] = []
    try:
        received_time_s, count = struct.unpack_from("<dI", body)
        at = 12
        for _ in range(count):
            (length,) = struct.unpack_from("<Q", body, at)
            parts.append(body[at + 8 : at + 8 + length])
            at += 8 + length
    except struct.error as error:
        raise EdgeError(f"{path}: message {index} ends before its parts do") from error
    if at != len(body):
        raise EdgeError(f"{path}: message {index} promises {at} bytes, its record has {len(body)}")
    return Recorded(index=index, received_time_s=received_time_s, parts=tuple(parts))

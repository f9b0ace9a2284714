"""A recording: the wire's bytes as they came. Append-only, so that a killed recorder loses nothing acknowledged.

Layout, little-endian: the magic `beamside recording 1`, a line feed, then records. A record is `kind` (1 byte), length
of its body (8 bytes), CRC-32 of its body (4 bytes), body. Kind F, a message: received time (float64), number of parts
(uint32), for each part its length (uint64) and bytes. Kind A, analysed live: index of the frame (uint64).
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from agent.edge.errors import EdgeError

MAGIC = b"beamside recording 1\n"
RECORD = struct.Struct("<cQI")
SUFFIX = ".beamside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One message of a recording."""

    index: int
    received_time_s: float
    parts: tuple[bytes, ...]


class Recorder:
    """Appends to a new file; raises OSError when the disk does not take it. A context manager."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("xb", buffering=0)
        except OSError as error:
            raise EdgeError(f"cannot record to {path}: {error.strerror or error}") from error
        self.path = path
        self._count = 0
        self._file.write(MAGIC)

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
        start = self._file.tell()
        record = RECORD.pack(kind, len(body), zlib.crc32(body)) + body
        try:
            written = self._file.write(record)
            if written != len(record):
                raise OSError(28, "the disk took only part of a record")
        except OSError:
            self._file.truncate(start)
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
            yield _message(index, body)
            index += 1


def analysed_live(path: Path) -> frozenset[int]:
    """Indices of the frames that were analysed live. Raises EdgeError as `read_recording`."""
    return frozenset(struct.unpack("<Q", body)[0] for kind, body in _records(path) if kind == b"A")


def _records(path: Path) -> Iterator[tuple[bytes, bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise EdgeError(f"cannot read {path}: {error.strerror or error}") from error
    with file:
        if file.read(len(MAGIC)) != MAGIC:
            raise EdgeError(f"{path} is no beamside recording: its first bytes are not {MAGIC!r}")
        size = path.stat().st_size
        while len(head := file.read(RECORD.size)) == RECORD.size:
            kind, length, checksum = RECORD.unpack(head)
            if file.tell() + length > size:
                return
            body = file.read(length)
            if zlib.crc32(body) != checksum:
                if file.tell() == size:
                    return
                raise EdgeError(f"{path}: the record that ends at byte {file.tell()} is damaged")
            yield kind, body


def _message(index: int, body: bytes) -> Recorded:
    received_time_s, count = struct.unpack_from("<dI", body)
    at, parts = 12, []
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", body, at)
        parts.append(body[at + 8 : at + 8 + length])
        at += 8 + length
    return Recorded(index=index, received_time_s=received_time_s, parts=tuple(parts))

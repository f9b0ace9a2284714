"""A wire that is not Karabo's: series of images between a start and an end message, told by a decoder with a memory."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence

import numpy as np

from protocol.errors import ProtocolError
from protocol.frame import Frame
from protocol.wire.decoder import Part

SERIES = "series-1"
IMAGE = struct.Struct("<qdII")
"""Sequence, time, rows, columns; uint16 pixels follow as a part of their own."""


class SeriesDecoder:
    """The pixel size comes once, in the start message; an image outside of a series is refused."""

    name = SERIES
    max_message_bytes = 1 << 20

    def __init__(self) -> None:
        self._pixel_size_nm: float | None = None

    def decode(self, parts: Sequence[Part], *, received_time_s: float | None = None) -> Frame | None:
        """A frame for an image, None for a start or an end."""
        kind = bytes(parts[0]) if parts else b""
        if kind == b"start":
            self._pixel_size_nm = float(json.loads(bytes(parts[1]))["pixel_size_nm"])
            return None
        if kind == b"end":
            self._pixel_size_nm = None
            return None
        if kind != b"image" or len(parts) != 3:
            raise ProtocolError(f"start, image or end was promised, got {kind!r}")
        if self._pixel_size_nm is None:
            raise ProtocolError("an image came outside of a series")
        sequence, time_s, rows, columns = IMAGE.unpack(parts[1])
        return Frame(
            pixels=np.frombuffer(parts[2], np.uint16).reshape(rows, columns),
            source="series",
            sequence=sequence,
            camera_time_s=time_s,
            received_time_s=received_time_s,
            pixel_size_nm=self._pixel_size_nm,
            pixel_size_provenance="metadata",
        )


WIRES: dict[str, Callable[[], SeriesDecoder]] = {SERIES: SeriesDecoder}


def start(pixel_size_nm: float = 0.05) -> list[bytes]:
    """Begins a series."""
    return [b"start", json.dumps({"pixel_size_nm": pixel_size_nm}).encode()]


def image(frame: Frame) -> list[bytes]:
    """One image of a series."""
    head = IMAGE.pack(frame.sequence, frame.camera_time_s, *frame.shape_px)
    return [b"image", head, frame.pixels.tobytes()]


def end() -> list[bytes]:
    """Ends a series."""
    return [b"end"]

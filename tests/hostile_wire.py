"""Every bad message we can think of, by name. Add new kinds here: every layer's tests pick them up."""

from __future__ import annotations

import msgpack
import numpy as np

from protocol.frame import Frame
from protocol.wire.karabo import encode_frame

GOOD = Frame(
    pixels=np.arange(12, dtype=np.uint16).reshape(3, 4),
    source="camera",
    sequence=7,
    camera_time_s=1.5,
    pixel_size_nm=0.05,
    pixel_size_provenance="metadata",
)


def _parts() -> list[bytes]:
    return [bytes(part) for part in encode_frame(GOOD)]


def _with(number: int, **changes: object) -> list[bytes]:
    parts = _parts()
    parts[number] = msgpack.packb(msgpack.unpackb(parts[number]) | changes)
    return parts


def _replaced(number: int, part: bytes) -> list[bytes]:
    parts = _parts()
    parts[number] = part
    return parts


def _bomb() -> bytes:
    return b"\xdf\xff\xff\xff\xff" + b"\xc0" * 100


HOSTILE: dict[str, list[bytes]] = {
    "no parts": [],
    "one part, as Karabo Bridge 1.0": [b"\x80"],
    "three parts": _parts()[:3],
    "header without pixels": _parts()[:2],
    "garbage header": _replaced(0, b"\xc1\xff\x00"),
    "text instead of msgpack": _replaced(0, b"GET / HTTP/1.1\r\n"),
    "header is a list": _replaced(0, msgpack.packb([1, 2])),
    "header over 64 KiB": _replaced(0, msgpack.packb({"source": "x" * 70000})),
    "map that declares four billion keys": _replaced(0, _bomb()),
    "deep nesting": _replaced(1, b"\x91" * 5000 + b"\xc0"),
    "key twice": _replaced(1, b"\x82\xa1a\x01\xa1a\x02"),
    "number as a key": _replaced(1, msgpack.packb({1: 2})),
    "extension type": _replaced(1, msgpack.packb({"a": msgpack.ExtType(5, b"x")})),
    "trailing bytes": _replaced(1, msgpack.packb({}) + b"\x00"),
    "wrong content": _with(0, content="image"),
    "no source": _with(0, source=None),
    "no metadata": _with(0, metadata=None),
    "sequence is a text": _with(0, metadata={"timestamp": 1.0, "timestamp.tid": "7"}),
    "sequence is true": _with(0, metadata={"timestamp": 1.0, "timestamp.tid": True}),
    "time is not a number": _with(0, metadata={"timestamp": float("nan"), "timestamp.tid": 7}),
    "pixels too short": _replaced(3, b"\x00" * 23),
    "pixels too long": _replaced(3, b"\x00" * 25),
    "no pixels": _replaced(3, b""),
    "negative shape": _with(2, shape=[-1, 4]),
    "zero shape": _with(2, shape=[0, 4]),
    "huge shape": _with(2, shape=[2**31, 2**31]),
    "fractional shape": _with(2, shape=[3.0, 4]),
    "one dimension": _with(2, shape=[12]),
    "three dimensions": _with(2, shape=[1, 3, 4]),
    "object dtype": _with(2, dtype="object"),
    "structured dtype": _with(2, dtype="u2,u8"),
    "float64": _with(2, dtype="float64"),
    "big-endian dtype": _with(2, dtype=">u2"),
    "pixel size zero": _with(1, **{"beamside.pixel_size_nm": 0.0}),
    "pixel size negative": _with(1, **{"beamside.pixel_size_nm": -1.0}),
    "pixel size not a number": _with(1, **{"beamside.pixel_size_nm": float("nan")}),
    "pixel size a text": _with(1, **{"beamside.pixel_size_nm": "0.05"}),
    "unheard-of provenance": _with(1, **{"beamside.pixel_size_provenance": "guess"}),
    "defocus infinite": _with(1, **{"beamside.defocus_nm": float("inf")}),
}

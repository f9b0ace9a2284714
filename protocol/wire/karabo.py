"""Frame to bytes and back, as Karabo Bridge 2.2. Pure: no sockets, no clock, no copy of the pixels. See WIRE.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

import msgpack
import numpy as np
from numpy.typing import NDArray

from protocol.errors import ProtocolError
from protocol.frame import ALLOWED_DTYPES, QUANTITIES, STAGE, Frame, Provenance
from protocol.wire.bounded_msgpack import unpack_map
from protocol.wire.decoder import Part

KARABO = "karabo-bridge-2.2"
"""The name of this wire in settings and recordings."""
MAX_FRAME_BYTES = 512 * 1024 * 1024
MAX_PARTS = 256
IMAGE_PATH = "image.data"
PREFIX = "beamside."
ATTOSECONDS = 10**18
"""In a second: `timestamp.frac` counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KaraboDecoder:
    """Karabo Bridge 2.2 as a `FrameDecoder`. Every message is a frame, and nothing is kept from one to the next."""

    name: ClassVar[str] = KARABO
    """As settings and recordings write it."""
    max_message_bytes: ClassVar[int] = MAX_FRAME_BYTES
    """Of the pixels, the largest part."""
    image_path: str | None = None
    """Which array of a message is the image; None: the first two-dimensional one."""

    def decode(self, parts: Sequence[Part], *, received_time_s: float | None = None) -> Frame:
        """The frame of a message. Raises ProtocolError as `decode_frame`."""
        return decode_frame(parts, received_time_s=received_time_s, image_path=self.image_path)


def encode_frame(frame: Frame) -> list[Part]:
    """Four parts: message header, metadata, array header, pixels (a view)."""
    # The message header, with the time once as a number and once as whole seconds and attoseconds.
    seconds = math.floor(frame.camera_time_s)
    fraction = round((frame.camera_time_s - seconds) * ATTOSECONDS)
    header = {
        "source": frame.source,
        "content": "msgpack",
        "metadata": {
            "source": frame.source,
            "timestamp": frame.camera_time_s,
            "timestamp.sec": str(seconds),
            "timestamp.frac": f"{fraction:018d}",
            "timestamp.tid": frame.sequence,
        },
    }
    # Metadata: what is known of the exposure, under our own prefix. What is not known is left out.
    values: dict[str, Any] = {PREFIX + "pixel_size_provenance": frame.pixel_size_provenance}
    if frame.pixel_size_nm is not None:
        values[PREFIX + "pixel_size_nm"] = frame.pixel_size_nm
    for name in QUANTITIES:
        value = getattr(frame, name)
        if value is not None:
            values[PREFIX + name] = value
    values |= {f"{PREFIX}stage.{name}": value for name, value in frame.stage.items()}
    # The image, whose bytes are handed on and not copied.
    pixels = np.ascontiguousarray(frame.pixels)
    array = {
        "source": frame.source,
        "content": "array",
        "path": IMAGE_PATH,
        "dtype": pixels.dtype.newbyteorder("=").name,
        "shape": list(pixels.shape),
    }
    return [msgpack.packb(header), msgpack.packb(values), msgpack.packb(array), pixels.reshape(-1).view(np.uint8).data]


def decode_frame(
    parts: Sequence[Part], *, received_time_s: float | None = None, image_path: str | None = None
) -> Frame:
    """The first source's frame with its image: the array at `image_path`, or else the first two-dimensional one.

    The pixels are a read-only view of the part they came in.

    Raises:
        ProtocolError: anything that Karabo Bridge 2.2 and WIRE.md do not promise.
    """
    # The parts are counted before any is opened.
    if len(parts) == 1:
        raise ProtocolError("a single part is Karabo Bridge 1.0, which may unpickle: set the sender to version 2.2")
    if len(parts) < 4 or len(parts) % 2 or len(parts) > MAX_PARTS:
        raise ProtocolError(f"pairs of header and payload, 4 to {MAX_PARTS} parts, were promised, got {len(parts)}")
    source, metadata, values = _head(parts[0], parts[1])
    pixels = _image(parts, source, image_path)
    # From here on the texts of errors name the frame.
    sequence = _integer(metadata.get("timestamp.tid"), "timestamp.tid")
    what = f"frame {sequence} of {source}"
    size_nm, provenance = _pixel_size(values, what)
    camera_time_s = _time(metadata, what)
    stage = {n: v for n in STAGE if (v := _quantity(values, f"stage.{n}", what)) is not None}
    quantities = {name: _quantity(values, name, what) for name in QUANTITIES}
    try:
        return Frame(
            pixels=pixels,
            source=source,
            sequence=sequence,
            camera_time_s=camera_time_s,
            received_time_s=received_time_s,
            pixel_size_nm=size_nm,
            pixel_size_provenance=provenance,
            stage=stage,
            **quantities,
        )
    except ProtocolError as error:  # what a frame refuses of itself does not say which frame it was
        raise ProtocolError(f"{what}: {error}") from error


def _head(first: Part, second: Part) -> tuple[str, dict[str, Any], dict[str, Any]]:
    header = unpack_map(first, "message header")
    if header.get("content") != "msgpack":
        raise ProtocolError(f"message header: content 'msgpack' was promised first, got {header.get('content')!r}")
    source, metadata = header.get("source"), header.get("metadata")
    if not isinstance(source, str) or not isinstance(metadata, dict):
        raise ProtocolError("message header: it needs a source (text) and metadata (map)")
    return source, metadata, unpack_map(second, f"metadata of {source}")


def _image(parts: Sequence[Part], source: str, image_path: str | None) -> NDArray[Any]:
    for number in range(2, len(parts), 2):
        header = unpack_map(parts[number], f"header of part {number + 1}")
        if header.get("content") == "msgpack" and header.get("source") != source:
            break
        if header.get("content") not in ("array", "ImageData"):
            continue
        if image_path is not None and header.get("path") != image_path:
            continue
        shape = header.get("shape")
        if image_path is None and isinstance(shape, list) and len(shape) != 2:
            continue
        return _pixels(header, parts[number + 1], source)
    wanted = f"an array at {image_path!r}" if image_path is not None else "a two-dimensional array"
    raise ProtocolError(f"{source}: {wanted} was promised, none came")


def _pixels(header: dict[str, Any], payload: Part, source: str) -> NDArray[Any]:
    dtype, shape = header.get("dtype"), header.get("shape")
    if dtype not in ALLOWED_DTYPES:
        raise ProtocolError(f"{source}: dtype must be one of {', '.join(ALLOWED_DTYPES)}, got {dtype!r}")
    sides = shape if isinstance(shape, list) else []
    if len(sides) != 2 or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sides):
        raise ProtocolError(f"{source}: shape must be two positive whole numbers, got {shape!r}")
    height, width = sides
    needed = height * width * np.dtype(dtype).itemsize
    if needed > MAX_FRAME_BYTES:
        raise ProtocolError(f"{source}: {height} x {width} {dtype} is {needed} bytes, more than {MAX_FRAME_BYTES}")
    size = len(payload) if isinstance(payload, bytes) else payload.nbytes
    if size != needed:
        raise ProtocolError(f"{source}: {height} x {width} {dtype} needs {needed} bytes of pixels, got {size}")
    pixels = np.frombuffer(payload, dtype=dtype).reshape(height, width)
    pixels.flags.writeable = False
    return pixels


def _pixel_size(values: dict[str, Any], what: str) -> tuple[float | None, Provenance]:
    """What is sent, for `Frame` to judge; a sender that only says the size has read it somewhere."""
    size_nm = _quantity(values, "pixel_size_nm", what)
    provenance = values.get(PREFIX + "pixel_size_provenance", "unknown" if size_nm is None else "metadata")
    if size_nm is None and provenance in get_args(Provenance):
        return None, "unknown"
    return size_nm, provenance


def _quantity(values: dict[str, Any], name: str, what: str) -> float | None:
    value = values.get(PREFIX + name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ProtocolError(f"{what}: {name} must be a finite number, got {value!r}")
    return float(value)


def _integer(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ProtocolError(f"message header: {name} must be a whole number, got {value!r}")
    return value


def _time(metadata: dict[str, Any], what: str) -> float:
    value = metadata.get("timestamp")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ProtocolError(f"{what}: timestamp must be a finite number of seconds, got {value!r}")
    return float(value)

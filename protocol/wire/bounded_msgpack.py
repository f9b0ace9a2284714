"""Untrusted msgpack to plain values, within limits checked before anything is unpacked."""

from __future__ import annotations

from typing import Any, NoReturn

import msgpack

from protocol.errors import ProtocolError

MAX_HEADER_BYTES = 64 * 1024


def unpack_map(part: bytes | memoryview, what: str, *, max_bytes: int = MAX_HEADER_BYTES) -> dict[str, Any]:
    """A map with text keys.

    Raises:
        ProtocolError: too long, not msgpack, not a map, a repeated key, or an extension type.
    """
    # Every limit is known before a byte is unpacked: the length here, depth and counts by msgpack itself.
    size = len(part) if isinstance(part, bytes) else part.nbytes
    if size > max_bytes:
        raise ProtocolError(f"{what}: at most {max_bytes} bytes are allowed, got {size}")
    try:
        value = msgpack.unpackb(
            part,
            raw=False,
            strict_map_key=True,
            ext_hook=_no_extension,
            object_pairs_hook=_no_repetition,
            max_array_len=max_bytes,
            max_map_len=1024,
        )
    except ProtocolError as error:
        raise ProtocolError(f"{what}: {error}") from error
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise ProtocolError(f"{what}: not msgpack of plain values ({error or type(error).__name__})") from error
    # What is inside is plain; that it is a map is asked last.
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ProtocolError(f"{what}: a map with text keys was promised, got {type(value).__name__}")
    return value


def _no_extension(code: int, data: bytes) -> NoReturn:
    raise ProtocolError(f"extension type {code} is not allowed")


def _no_repetition(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ProtocolError("a key comes twice")
    return result

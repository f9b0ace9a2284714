"""Command to bytes and back."""

from __future__ import annotations

import msgpack

from protocol.command import Command
from protocol.wire.bounded_msgpack import unpack_map
from protocol.wire.typed import from_plain, to_plain


def encode_command(command: Command) -> bytes:
    """One msgpack map."""
    packed: bytes = msgpack.packb(to_plain(command))
    return packed


def decode_command(part: bytes | memoryview) -> Command:
    """The command in one part.

    Raises:
        ProtocolError: it is no command, or one that makes no sense.
    """
    return from_plain(Command, unpack_map(part, "command"), "command")

"""Command to bytes and back."""

from __future__ import annotations

import msgpack

from protocol.command import Command
from protocol.errors import ProtocolError
from protocol.wire.bounded_msgpack import unpack_map
from protocol.wire.typed import from_plain, to_plain


def encode_command(command: Command) -> bytes:
    """One msgpack map."""
    packed: bytes = msgpack.packb(to_plain(command))
    return packed


def decode_command(part: bytes | memoryview) -> Command:
    """Raises ProtocolError when it is not a command, or a threshold is not 0 to 1."""
    command: Command = from_plain(Command, unpack_map(part, "command"), "command")
    if (command.action == "set_threshold") != (command.value is not None):
        raise ProtocolError(f"command: set_threshold has a value and nothing else has one, got {command}")
    if command.value is not None and not 0 <= command.value <= 1:
        raise ProtocolError(f"command: a threshold is 0 to 1, got {command.value}")
    return command

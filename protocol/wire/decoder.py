"""The port between a camera's wire and everything behind it: the parts of a message to a frame, or to none.

A wire fits in when something here understands its messages; who receives, records, replays and counts them knows no
wire. A decoder may keep what earlier messages of its stream said (a start message with the detector's settings), so a
stream gets a decoder of its own, and every message of the stream goes through it in order. It does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from protocol.frame import Frame

Part = bytes | memoryview
"""One part of a multipart message."""


class FrameDecoder(Protocol):
    """Messages of one stream to frames."""

    @property
    def name(self) -> str:
        """The wire and its version, in letters, digits, points and hyphens; a recording keeps it."""

    @property
    def max_message_bytes(self) -> int:
        """What a socket may take of one part; larger ones are refused before they are read."""

    def decode(self, parts: Sequence[Part], *, received_time_s: float | None = None) -> Frame | None:
        """The frame of a message, or None when this message holds none.

        Raises:
            ProtocolError: the message breaks the wire's promise. The stream goes on with the next one.
        """


Decoders = Mapping[str, Callable[[], FrameDecoder]]
"""By the name of their wire, how to make a decoder for a new stream."""

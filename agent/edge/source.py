"""Frames from a Karabo Bridge socket, as raw parts. Drained as fast as they come."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import zmq

from agent.edge.errors import EdgeError
from protocol.karabo import MAX_FRAME_BYTES

QUEUE_FRAMES = 8
"""ZeroMQ counts messages, not bytes: its default of 1000 would be 33 GB of 4k frames."""
KINDS = {"SUB": zmq.SUB, "PULL": zmq.PULL, "REQ": zmq.REQ}


class KaraboSource:
    """A socket of the kind that the sender needs (PUB: SUB, PUSH: PULL, REP: REQ). A context manager."""

    def __init__(self, endpoint: str, socket: str = "SUB") -> None:
        if socket not in KINDS:
            raise EdgeError(f"socket must be one of {', '.join(KINDS)}, got {socket!r}")
        self._context = zmq.Context()
        self._socket = self._context.socket(KINDS[socket])
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.RCVHWM, QUEUE_FRAMES)
        self._socket.set(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self._socket.set(zmq.HEARTBEAT_IVL, 1000)
        self._socket.set(zmq.HEARTBEAT_TIMEOUT, 5000)
        if socket == "SUB":
            self._socket.set(zmq.SUBSCRIBE, b"")
        self._asks = socket == "REQ"
        self._asked = False
        try:
            self._socket.connect(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise EdgeError(f"cannot connect to {endpoint!r}: {error}") from error

    def receive(self, timeout_s: float) -> list[bytes] | None:
        """The parts of the next message, or None when none came in time."""
        if self._asks and not self._asked:
            self._socket.send(b"next")
            self._asked = True
        if not self._socket.poll(int(timeout_s * 1000)):
            return None
        self._asked = False
        return self._socket.recv_multipart()

    def close(self) -> None:
        """Close the socket; nothing lingers."""
        self._socket.close(linger=0)
        self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

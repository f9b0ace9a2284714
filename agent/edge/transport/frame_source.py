"""Frames from a Karabo Bridge socket, as raw parts. Drained as fast as they come."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

import zmq

from agent.edge.errors import EdgeError
from protocol.wire.karabo import MAX_FRAME_BYTES

QUEUE_FRAMES = 8
"""ZeroMQ counts messages, not bytes: its default of 1000 would be 33 GB of 4k frames."""
ASK_AGAIN_S = 10.0
"""A sender that has not answered a request for so long is asked anew."""
KINDS = {"SUB": zmq.SUB, "PULL": zmq.PULL, "REQ": zmq.REQ}


class KaraboSource:
    """A socket of the kind that the sender needs (PUB: SUB, PUSH: PULL, REP: REQ). A context manager."""

    def __init__(self, endpoint: str, socket: str = "SUB") -> None:
        if socket not in KINDS:
            raise EdgeError(f"socket must be one of {', '.join(KINDS)}, got {socket!r}")
        self._endpoint = endpoint
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
        self._ask_again_s = 0.0
        if self._asks:  # a request that a restarted sender lost may be asked again
            self._socket.set(zmq.REQ_RELAXED, 1)
            self._socket.set(zmq.REQ_CORRELATE, 1)
        try:
            self._socket.connect(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise EdgeError(f"cannot connect to {endpoint!r}: {error}") from error

    def receive(self, timeout_s: float) -> list[bytes] | None:
        """The parts of the next message, or None when none came in time.

        Raises:
            EdgeError: the socket failed.
        """
        try:
            if self._asks and time.monotonic() > self._ask_again_s:
                self._socket.send(b"next")
                self._ask_again_s = time.monotonic() + ASK_AGAIN_S
            if not self._socket.poll(int(timeout_s * 1000)):
                return None
            self._ask_again_s = 0.0
            return self._socket.recv_multipart()
        except zmq.ZMQError as error:
            raise EdgeError(f"receiving from {self._endpoint!r} failed: {error}") from error

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

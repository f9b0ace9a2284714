"""Snapshot bytes to a PUB socket. Nobody listening: dropped by the socket, never waited for."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import zmq

from agent.edge.errors import EdgeError


class SnapshotPublisher:
    """Binds at once. A context manager."""

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.SNDHWM, 2)
        try:
            self._socket.bind(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise EdgeError(f"cannot publish on {endpoint!r}: {error} (is another agent running?)") from error

    @property
    def endpoint(self) -> str:
        """Where it is bound, with the port that a wild card became."""
        return self._socket.get_string(zmq.LAST_ENDPOINT)

    def send(self, part: bytes) -> None:
        """Send one snapshot without waiting."""
        self._socket.send(part, zmq.DONTWAIT)

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

"""The newest snapshot of an agent, pulled when it suits the reader."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import zmq

from agent.edge.errors import EdgeError
from protocol.snapshot import Snapshot
from protocol.wire.snapshot import MAX_SNAPSHOT_BYTES, decode_snapshot


class SnapshotSubscriber:
    """A snapshot is one part, so ZeroMQ may conflate here. A context manager."""

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.CONFLATE, 1)
        self._socket.set(zmq.MAXMSGSIZE, MAX_SNAPSHOT_BYTES)
        self._socket.set(zmq.SUBSCRIBE, b"")
        try:
            self._socket.connect(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise EdgeError(f"cannot subscribe to {endpoint!r}: {error}") from error

    def newest(self, timeout_s: float = 0.0) -> Snapshot | None:
        """The newest snapshot that has not been read, or None.

        Raises:
            ProtocolError: the sender is no agent of this version.
        """
        if not self._socket.poll(int(timeout_s * 1000)):
            return None
        return decode_snapshot(self._socket.recv())

    def close(self) -> None:
        """Close the socket."""
        self._socket.close(linger=0)
        self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

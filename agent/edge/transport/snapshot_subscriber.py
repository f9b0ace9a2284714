"""The newest snapshot of an agent, pulled when it suits the reader."""

from __future__ import annotations

import zmq

from agent.edge.transport.socket import OpenSocket
from protocol.snapshot import Snapshot
from protocol.wire.snapshot import MAX_SNAPSHOT_BYTES, decode_snapshot


class SnapshotSubscriber(OpenSocket):
    """A snapshot is one part, so ZeroMQ may conflate here. Raises EdgeError for no endpoint. A context manager."""

    def __init__(self, endpoint: str) -> None:
        options: dict[int, int | bytes] = {zmq.CONFLATE: 1, zmq.MAXMSGSIZE: MAX_SNAPSHOT_BYTES, zmq.SUBSCRIBE: b""}
        super().__init__(zmq.SUB, connect=endpoint, purpose="subscribe to", options=options)

    def newest(self, timeout_s: float = 0.0) -> Snapshot | None:
        """The newest snapshot that has not been read, or None.

        Raises:
            ProtocolError: the sender is no agent of this version.
        """
        if not self.raw.poll(int(timeout_s * 1000)):
            return None
        return decode_snapshot(self.raw.recv())

"""Snapshot bytes to a PUB socket. Nobody listening: dropped by the socket, never waited for."""

from __future__ import annotations

import zmq

from agent.edge.transport.socket import OpenSocket


class SnapshotPublisher(OpenSocket):
    """Binds at once; raises EdgeError when the endpoint is taken. A context manager."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(zmq.PUB, bind=endpoint, purpose="publish on", options={zmq.SNDHWM: 2})

    def send(self, part: bytes) -> None:
        """Send one snapshot without waiting."""
        self.raw.send(part, zmq.DONTWAIT)

"""Messages of a camera's socket, as raw parts. Drained as fast as they come; what they mean is a decoder's affair."""

from __future__ import annotations

import time

import zmq

from agent.edge.errors import EdgeError
from agent.edge.transport.socket import OpenSocket

QUEUE_FRAMES = 8
"""ZeroMQ counts messages, not bytes: its default of 1000 would be 33 GB of 4k frames."""
REQUEST = b"next"
"""What a REP sender wants to hear, by Karabo Bridge; a sender of another kind is not asked."""
ASK_AGAIN_S = 10.0
"""A sender that has not answered a request for so long is asked anew."""
KINDS = {"SUB": zmq.SUB, "PULL": zmq.PULL, "REQ": zmq.REQ}
OPTIONS: dict[str, dict[int, int | bytes]] = {
    "SUB": {zmq.SUBSCRIBE: b""},
    "PULL": {},
    # A request that a restarted sender lost may be asked again.
    "REQ": {zmq.REQ_RELAXED: 1, zmq.REQ_CORRELATE: 1},
}


class FrameSource(OpenSocket):
    """A socket of the kind that the sender needs (PUB: SUB, PUSH: PULL, REP: REQ). A context manager."""

    def __init__(self, endpoint: str, socket: str, max_message_bytes: int) -> None:
        """Raises EdgeError when there is no such kind of socket, or the endpoint is none."""
        if socket not in KINDS:
            raise EdgeError(f"socket must be one of {', '.join(KINDS)}, got {socket!r}")
        options: dict[int, int | bytes] = {
            zmq.RCVHWM: QUEUE_FRAMES,
            zmq.MAXMSGSIZE: max_message_bytes,
            zmq.HEARTBEAT_IVL: 1000,
            zmq.HEARTBEAT_TIMEOUT: 5000,
        }
        super().__init__(KINDS[socket], connect=endpoint, purpose="connect to", options=options | OPTIONS[socket])
        self._endpoint = endpoint
        self._asks, self._ask_again_s = socket == "REQ", 0.0

    def receive(self, timeout_s: float) -> list[bytes] | None:
        """The parts of the next message, or None when none came in time.

        Raises:
            EdgeError: the socket failed.
        """
        try:
            # A REP sender speaks only when asked: once for each message, and again when it has been silent for long.
            if self._asks and time.monotonic() > self._ask_again_s:
                self.raw.send(REQUEST)
                self._ask_again_s = time.monotonic() + ASK_AGAIN_S
            if not self.raw.poll(int(timeout_s * 1000)):
                return None
            # Readable is also what has a wrong envelope, an answer to another request for example: the socket swallows
            # it, and a read that waits would wait for ever.
            parts = self.raw.recv_multipart(zmq.NOBLOCK)
            self._ask_again_s = 0.0
            return parts
        except zmq.Again:
            return None
        except zmq.ZMQError as error:
            raise EdgeError(f"receiving from {self._endpoint!r} failed: {error}") from error

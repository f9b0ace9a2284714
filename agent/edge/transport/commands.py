"""What an operator asks, over REQ and REP with time-outs."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import zmq

from agent.edge.errors import EdgeError
from protocol.command import Command
from protocol.errors import ProtocolError
from protocol.wire.command import decode_command, encode_command


class CommandServer:
    """Polled by the analysing thread between frames. A context manager."""

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.REP)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.MAXMSGSIZE, 65536)
        try:
            self._socket.bind(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise EdgeError(f"cannot take commands on {endpoint!r}: {error} (is another agent running?)") from error

    @property
    def endpoint(self) -> str:
        """Where it is bound."""
        return self._socket.get_string(zmq.LAST_ENDPOINT)

    def poll(self) -> Command | None:
        """The next command, answered ``ok``; what is no command is answered with its fault and skipped."""
        while self._socket.poll(0):
            try:
                command = decode_command(self._socket.recv())
            except ProtocolError as error:
                self._socket.send_string(str(error))
                continue
            self._socket.send_string("ok")
            return command
        return None

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


def send_command(endpoint: str, command: Command, timeout_s: float = 2.0) -> None:
    """Ask once.

    Raises:
        EdgeError: no answer in time, or a refusal.
    """
    context = zmq.Context()
    socket = context.socket(zmq.REQ)
    try:
        socket.set(zmq.LINGER, 0)
        socket.connect(endpoint)
        socket.send(encode_command(command))
        if not socket.poll(int(timeout_s * 1000)):
            raise EdgeError(f"the agent at {endpoint} did not answer within {timeout_s:g} s")
        answer = socket.recv_string()
        if answer != "ok":
            raise EdgeError(f"the agent at {endpoint} refused: {answer}")
    finally:
        socket.close(linger=0)
        context.term()

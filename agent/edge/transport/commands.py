"""What an operator asks, over REQ and REP with time-outs."""

from __future__ import annotations

import zmq

from agent.edge.errors import EdgeError
from agent.edge.transport.socket import OpenSocket
from protocol.command import Command
from protocol.errors import ProtocolError
from protocol.wire.command import decode_command, encode_command

MAX_COMMAND_BYTES = 65536


class CommandServer(OpenSocket):
    """Polled by the analysing thread between frames; raises EdgeError when the endpoint is taken. A context manager."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(
            zmq.REP, bind=endpoint, purpose="take commands on", options={zmq.MAXMSGSIZE: MAX_COMMAND_BYTES}
        )

    def poll(self) -> Command | None:
        """The next command, answered ``ok``; what is no command is answered with its fault and skipped."""
        while self.raw.poll(0):
            try:
                command = decode_command(self.raw.recv())
            except ProtocolError as error:
                self.raw.send_string(str(error))
                continue
            self.raw.send_string("ok")
            return command
        return None


def send_command(endpoint: str, command: Command, timeout_s: float = 2.0) -> None:
    """Ask once.

    Raises:
        EdgeError: the endpoint is none, no answer came in time, or the agent refused.
    """
    with OpenSocket(zmq.REQ, connect=endpoint, purpose="ask") as request:
        request.raw.send(encode_command(command))
        if not request.raw.poll(int(timeout_s * 1000)):
            raise EdgeError(f"the agent at {endpoint} did not answer within {timeout_s:g} s")
        answer = request.raw.recv_string()
        if answer != "ok":
            raise EdgeError(f"the agent at {endpoint} refused: {answer}")

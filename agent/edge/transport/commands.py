"""What an operator asks, over REQ and REP with time-outs."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
import zmq

from agent.edge.errors import EdgeError
from agent.edge.transport.socket import OpenSocket
from protocol.command import Command
from protocol.errors import ProtocolError
from protocol.wire.command import decode_command, encode_command

log = structlog.get_logger()

MAX_COMMAND_BYTES = 65536
MOST_PER_POLL = 16
"""Messages that are looked at between two frames; whoever floods the port does not stop the analysis."""


class CommandServer(OpenSocket):
    """Polled by the analysing thread between frames; raises EdgeError when the endpoint is taken. A context manager."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(
            zmq.REP, bind=endpoint, purpose="take commands on", options={zmq.MAXMSGSIZE: MAX_COMMAND_BYTES}
        )

    def poll(self) -> Command | None:
        """The next command, answered ``ok``; what is no command is answered with its fault and skipped.

        Never waits, whatever anybody sends: the socket says that it is readable for messages of a wrong envelope too,
        which it then swallows, so that a plain read would wait for ever.
        """
        for _ in range(MOST_PER_POLL):
            try:
                parts = self.raw.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return None
            try:
                command = _command(parts)
            except ProtocolError as error:
                self._answer(str(error))
                continue
            self._answer("ok")
            return command
        return None

    def _answer(self, text: str) -> None:
        """Answer without waiting; whoever asked and went away gets none."""
        try:
            self.raw.send_string(text, zmq.NOBLOCK)
        except zmq.ZMQError as error:
            log.warning("a command could not be answered", answer=text, reason=str(error))


def _command(parts: Sequence[bytes]) -> Command:
    """The command of a message. Raises ProtocolError when it is none."""
    if len(parts) != 1:
        raise ProtocolError(f"a command is one part, got {len(parts)}")
    return decode_command(parts[0])


def send_command(endpoint: str, command: Command, timeout_s: float = 2.0) -> None:
    """Ask once.

    Raises:
        EdgeError: the endpoint is none, no answer came in time, or the agent refused.
    """
    with OpenSocket(zmq.REQ, connect=endpoint, purpose="ask") as request:
        request.raw.send(encode_command(command))
        if not request.raw.poll(int(timeout_s * 1000)):
            raise EdgeError(f"the agent at {endpoint} did not answer within {timeout_s:g} s")
        answer = request.raw.recv().decode(errors="replace")  # whatever listens there need not be an agent
        if answer != "ok":
            raise EdgeError(f"the agent at {endpoint} refused: {answer}")

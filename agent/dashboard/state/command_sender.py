"""What the operator asks goes out beside the drawing thread, and its outcome is pulled. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future

from agent.edge.errors import EdgeError
from protocol.command import Command


class CommandSender:
    """An agent that has died answers after a time-out; meanwhile the window must go on."""

    def __init__(self, ask: Callable[[Command], None], executor: Executor) -> None:
        self._ask, self._executor = ask, executor
        self._open: list[tuple[Command, Future[None]]] = []

    def send(self, command: Command) -> None:
        """Ask, and do not wait."""
        self._open.append((command, self._executor.submit(self._ask, command)))

    @property
    def waiting(self) -> bool:
        """Something has not been answered."""
        return bool(self._open)

    def outcomes(self) -> list[tuple[Command, str]]:
        """What was answered since the last call; the text is empty where the agent did as asked."""
        done = [(command, future) for command, future in self._open if future.done()]
        self._open = [(command, future) for command, future in self._open if not future.done()]
        return [(command, _fault(future)) for command, future in done]


def _fault(future: Future[None]) -> str:
    error = future.exception()
    if error is None:
        return ""
    if not isinstance(error, EdgeError):
        raise error
    return str(error)

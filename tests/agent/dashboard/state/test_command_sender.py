"""What is asked goes out beside the drawing thread."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from agent.dashboard.state.command_sender import CommandSender
from agent.edge.errors import EdgeError
from protocol.command import Command

PAUSE = Command(action="pause")


class Held(ThreadPoolExecutor):
    """Runs nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__(1)
        self.go = Event()

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        future: Future[object] = super().submit(lambda: (self.go.wait(10), fn(*args, **kwargs))[1])
        return future


def test_nothing_waits_for_the_answer_and_it_is_told_once() -> None:
    asked: list[Command] = []
    with Held() as executor:
        sender = CommandSender(asked.append, executor)
        sender.send(PAUSE)
        assert (sender.outcomes(), sender.waiting, asked) == ([], True, [])
        executor.go.set()
    assert (sender.outcomes(), sender.outcomes(), asked) == ([(PAUSE, "")], [], [PAUSE])
    assert not sender.waiting


@pytest.mark.parametrize("ours", [False, True])
def test_a_refusal_is_a_text_and_a_fault_of_our_own_is_raised(ours: bool) -> None:
    def ask(command: Command) -> None:
        raise (ValueError if ours else EdgeError)("no answer")

    with ThreadPoolExecutor(1) as executor:
        sender = CommandSender(ask, executor)
        sender.send(PAUSE)
    if ours:
        with pytest.raises(ValueError, match="no answer"):
            sender.outcomes()
    else:
        assert sender.outcomes() == [(PAUSE, "no answer")]

"""A clean end, asked for by a signal or by the time."""

from __future__ import annotations

import os
import signal

import pytest

from agent.commands.signals import on_end, stopping


@pytest.fixture(autouse=True)
def _handlers_as_before():  # type: ignore[no-untyped-def]
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_for_the_end(number: int) -> None:
    with stopping() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(10)


def test_time_asks_for_the_end_too() -> None:
    with stopping(0.01) as stop:
        assert stop.wait(10)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_whoever_wants_to_know_is_called() -> None:
    called: list[int] = []
    on_end(lambda: called.append(1))
    os.kill(os.getpid(), signal.SIGTERM)
    assert called == [1]

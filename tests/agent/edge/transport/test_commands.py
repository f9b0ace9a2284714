"""What an operator asks, and what is answered."""

from __future__ import annotations

import threading

import pytest

from agent.edge.errors import EdgeError
from agent.edge.transport.commands import CommandServer, send_command
from protocol.command import Command


def test_a_command_is_asked_answered_and_obeyed_once() -> None:
    with CommandServer("tcp://127.0.0.1:*") as server:
        done = threading.Event()
        seen: list[Command] = []

        def poll() -> None:
            while not done.is_set():
                if (command := server.poll()) is not None:
                    seen.append(command)
                    return

        thread = threading.Thread(target=poll)
        thread.start()
        send_command(server.endpoint, Command(action="set_threshold", value=0.6), timeout_s=10)
        done.set()
        thread.join()
        assert seen == [Command(action="set_threshold", value=0.6)]


def test_silence_is_told_after_the_time_out() -> None:
    with pytest.raises(EdgeError, match="did not answer"):
        send_command("tcp://127.0.0.1:9", Command(action="pause"), timeout_s=0.05)

"""What an operator asks, and what is answered."""

from __future__ import annotations

import os
import threading

import pytest
import zmq

from agent.edge.errors import EdgeError
from agent.edge.transport.commands import CommandServer, send_command
from protocol.command import Command
from protocol.wire.command import encode_command


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


STRAY = {
    "one part without a delimiter": [b"x"],
    "4 KiB of random bytes": [os.urandom(4096)],
    "nothing": [b""],
    "a delimiter alone": [b"", b""],
    "two bodies": [b"", b"a", b"b"],
    "no command": [b"", b"\x81\xa1a\x01"],
}


@pytest.mark.parametrize("name", STRAY)
def test_what_anybody_sends_neither_stops_the_agent_nor_costs_the_next_command(name: str) -> None:
    context = zmq.Context()
    with CommandServer("tcp://127.0.0.1:*") as server:
        stray, operator = context.socket(zmq.DEALER), context.socket(zmq.REQ)
        try:
            for socket in (stray, operator):
                socket.connect(server.endpoint)
            stray.send_multipart(STRAY[name])
            server.raw.poll(2000)
            assert server.poll() is None
            operator.send(encode_command(Command(action="pause")))
            assert server.raw.poll(2000)
            assert server.poll() == Command(action="pause")
            assert operator.poll(2000)
            assert operator.recv() == b"ok"
        finally:
            for socket in (stray, operator):
                socket.close(linger=0)
            context.term()


def test_a_command_of_three_parts_is_refused_in_words() -> None:
    context = zmq.Context()
    with CommandServer("tcp://127.0.0.1:*") as server:
        operator = context.socket(zmq.REQ)
        try:
            operator.connect(server.endpoint)
            operator.send_multipart([b"a", b"b", b"c"])
            assert server.raw.poll(2000)
            assert server.poll() is None
            assert operator.poll(2000)
            assert operator.recv() == b"a command is one part, got 3"
        finally:
            operator.close(linger=0)
            context.term()


def test_a_stranger_that_answers_in_bytes_has_refused() -> None:
    context = zmq.Context()
    stranger = context.socket(zmq.REP)
    try:
        endpoint = f"tcp://127.0.0.1:{stranger.bind_to_random_port('tcp://127.0.0.1')}"

        def answer() -> None:
            stranger.recv()
            stranger.send(b"\xff\x00")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(EdgeError, match="refused: \ufffd"):
            send_command(endpoint, Command(action="pause"), timeout_s=10)
        thread.join()
    finally:
        stranger.close(linger=0)
        context.term()

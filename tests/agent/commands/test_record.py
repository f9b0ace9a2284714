"""`beamside record`: messages as they come, without a decoder."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import zmq

from agent import cli
from agent.edge.files.recording import read_recording, recorded_wire
from protocol.wire.karabo import KARABO


def test_even_what_is_no_frame_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "s.beamside"
    context = zmq.Context()
    sender = context.socket(zmq.PUSH)
    sender.set(zmq.LINGER, 0)
    try:
        port = sender.bind_to_random_port("tcp://127.0.0.1")
        # A sender without a peer waits for one, so it sends beside the command.
        sending = threading.Thread(target=sender.send_multipart, args=([b"anything", b"at all"],))
        sending.start()
        typed = ["--endpoint", f"tcp://127.0.0.1:{port}", "--socket", "PULL", "--seconds", "1"]
        assert cli.main(["record", str(out), *typed]) == 0
        sending.join(10)
    finally:
        sender.close(linger=0)
        context.term()
    assert f"1 messages in {out}" in capsys.readouterr().out
    assert recorded_wire(out) == KARABO
    assert [m.parts for m in read_recording(out)] == [(b"anything", b"at all")]


def test_an_unknown_wire_is_refused_before_anything_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["record", str(tmp_path / "s.beamside"), "--wire", "smoke"]) == 2
    assert "wire must be one of karabo-bridge-2.2, got 'smoke'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []

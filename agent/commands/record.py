"""`beamside record`: what a microscope sends, as it comes, without analysis."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from agent.commands.live import open_decoder
from agent.commands.signals import stopping
from agent.edge.errors import EdgeError
from agent.edge.files.recording import Recorder
from agent.edge.transport.frame_source import FrameSource


def main(options: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """Record until asked to stop, or for so many seconds.

    Raises:
        EdgeError: the wire or the endpoint is none, or the disk does not take it.
    """
    decoder, count = open_decoder(options.wire), 0  # asked only for its name and its limit: nothing is decoded
    with (
        stopping(options.seconds) as stop,
        Recorder(options.out, decoder.name) as recorder,
        FrameSource(options.endpoint, options.socket, decoder.max_message_bytes) as source,
    ):
        while not stop.is_set():
            parts = source.receive(0.1)
            if parts is None:
                continue
            try:
                recorder.append(parts, time.time())
            except OSError as error:
                raise EdgeError(f"{options.out}: stopped after {count} messages: {error.strerror}") from error
            count += 1
    tell(f"{count} messages in {options.out}")
    return 0

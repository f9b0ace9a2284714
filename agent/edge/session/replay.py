"""A recording, or a stack of images, to the statistics of live: the same decoder and processor; nothing is dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from agent.edge.files.playback import play
from agent.edge.session.meters import Meters
from agent.edge.session.processor import FrameProcessor
from agent.edge.session.session import Session
from agent.edge.session.snapshot import Reception, SnapshotWriter
from protocol.snapshot import Snapshot
from protocol.wire.decoder import Decoders
from protocol.wire.wires import WIRES


def replay(
    path: Path,
    session: Session,
    stop: threading.Event,
    *,
    speed: float | None = None,
    as_seen: bool = False,
    wires: Decoders = WIRES,
) -> Snapshot:
    """Analyse a recording, or an image file as if it were one; returns the last snapshot, which has been published.

    `speed` times the recorded pace, or as fast as possible when None. `as_seen` takes only the frames that were
    analysed live, otherwise all. A pause of the operator holds the recording back; no frame is lost by it.

    Raises:
        EdgeError: the file is no recording, is damaged or of an unknown wire, or ten frames in a row failed.
    """
    processor, meters = FrameProcessor(session.networks, session.config, session.run), Meters()
    writer = SnapshotWriter(processor, meters, session.publish, session.clock)
    messages = received = refused = 0
    problem = ""

    def reception() -> Reception:
        return Reception(messages=messages, received=received, not_analysed={"protocol": refused}, problem=problem)

    start_s, first_s = session.clock(), None
    for played in play(path, session.config.pixel_size_nm, as_seen=as_seen, wires=wires):
        if stop.is_set():
            break
        # The recorded pace, from the first message on.
        first_s = played.received_time_s if first_s is None else first_s
        if speed is not None:
            due_s = start_s + (played.received_time_s - first_s) / speed - session.clock()
            stop.wait(min(max(0.0, due_s), threading.TIMEOUT_MAX))
        _apply_commands(session, processor, writer, reception, stop)
        # The message: counted as live counts it.
        messages += 1
        if played.fault:
            received, refused, problem = received + 1, refused + 1, played.fault
        elif played.frame is not None:
            received += 1
            if processor.process(played.frame) is not None:
                meters.analysed(played.frame.camera_time_s, session.clock())
        writer.write_when_due(reception)
    return writer.write(reception())


def _apply_commands(
    session: Session,
    processor: FrameProcessor,
    writer: SnapshotWriter,
    reception: Callable[[], Reception],
    stop: threading.Event,
) -> None:
    """Apply the commands that wait, and stay here while the operator wants a pause."""
    if session.commands is None:
        return
    while (command := session.commands.poll()) is not None:
        processor.apply(command)
    while processor.paused and not stop.wait(0.05):
        writer.write_when_due(reception)  # a dashboard hears of the pause, and that we are alive
        if (command := session.commands.poll()) is not None:
            processor.apply(command)

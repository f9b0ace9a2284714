"""A recording, or a stack of images, to the statistics of live: the same decoder and analyst; nothing is dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from agent.core.config import AnalysisConfig
from agent.core.networks import Engine
from agent.edge.files.playback import messages
from agent.edge.session.live import SNAPSHOT_EVERY_S
from agent.edge.session.processor import Analyst
from agent.edge.transport.commands import CommandServer
from protocol.errors import ProtocolError
from protocol.snapshot import Snapshot
from protocol.wire.karabo import decode_frame


def replay(
    path: Path,
    engine: Engine,
    config: AnalysisConfig,
    publish: Callable[[Snapshot], None],
    stop: threading.Event,
    *,
    speed: float | None = None,
    as_seen: bool = False,
    commands: CommandServer | None = None,
    clock: Callable[[], float] = time.time,
) -> Snapshot:
    """Analyse a recording, or an image file as if it were one; returns the last snapshot, which has been published.

    `speed` times the recorded pace, or as fast as possible when None. `as_seen` takes only the frames that were
    analysed live, otherwise all.

    Raises:
        EdgeError: the file is no recording or is damaged, or ten frames in a row failed.
    """
    analyst = Analyst(engine, config, path.stem, clock)
    received = refused = 0
    problem = ""
    start_s, first_s, next_s = clock(), None, 0.0

    def snapshot() -> Snapshot:
        return analyst.snapshot(
            received=received, not_analysed={"protocol": refused}, gaps=0, recording="", problem=problem
        )

    for message in messages(path, config.pixel_size_nm, as_seen=as_seen):
        if stop.is_set():
            break
        first_s = message.received_time_s if first_s is None else first_s
        if speed is not None:
            stop.wait(max(0.0, start_s + (message.received_time_s - first_s) / speed - clock()))
        while commands is not None and (command := commands.poll()) is not None:
            analyst.obey(command)
        while analyst.paused and commands is not None and not stop.wait(0.05):
            if (command := commands.poll()) is not None:
                analyst.obey(command)
        received += 1
        try:
            frame = decode_frame(message.parts, received_time_s=message.received_time_s)
        except ProtocolError as error:
            refused += 1
            problem = str(error)
            continue
        analyst.take(frame)
        if clock() >= next_s:
            publish(snapshot())
            next_s = clock() + SNAPSHOT_EVERY_S
    last = snapshot()
    publish(last)
    return last

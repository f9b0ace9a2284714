"""The two threads of a live run, and their end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from agent.core.config import AnalysisConfig
from agent.core.networks import Engine
from agent.edge.files.recording import Recorder
from agent.edge.session.latest import Latest
from agent.edge.session.processor import Analyst
from agent.edge.session.receiver import Incoming, Intake, Source, receive
from agent.edge.transport.commands import CommandServer
from protocol.snapshot import Snapshot

SNAPSHOT_EVERY_S = 0.2


def live(
    source: Source,
    engine: Engine,
    config: AnalysisConfig,
    publish: Callable[[Snapshot], None],
    stop: threading.Event,
    *,
    run: str,
    recorder: Recorder | None = None,
    commands: CommandServer | None = None,
    progress: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.time,
    until_frames: int | None = None,
) -> Snapshot:
    """Analyse what a source sends until asked to stop, or until so many frames were received and dealt with.

    Every received frame is analysed, waiting, or counted with its cause. `progress` is called once a turn of the
    analysing loop, for a watchdog. Returns the last snapshot, which has been published.

    Raises:
        EdgeError: ten frames in a row failed, or the source did.
    """
    slot: Latest[Incoming] = Latest()
    intake = Intake(slot, clock, recorder)
    analyst = Analyst(engine, config, run, clock)
    ended = threading.Event()
    receiving = ThreadPoolExecutor(1, thread_name_prefix="receive")
    received = receiving.submit(receive, source, intake, slot, ended)
    next_s = 0.0
    try:
        while not stop.is_set() and not slot.ended:
            if commands is not None and (command := commands.poll()) is not None:
                analyst.obey(command)
            incoming = slot.take(0.05)
            if incoming is not None:
                if analyst.paused:
                    analyst.not_analysed["paused"] = analyst.not_analysed.get("paused", 0) + 1
                elif analyst.take(incoming.frame) is not None:
                    intake.mark_analysed(incoming.recorded_index)
            progress()
            if clock() >= next_s:
                publish(_snapshot(analyst, intake, slot))
                next_s = clock() + SNAPSHOT_EVERY_S
            if until_frames is not None and intake.dealt_with >= until_frames and not slot.waiting:
                break
    finally:
        ended.set()
        receiving.shutdown()
    received.result()  # raises what ended the receiving thread
    last = _snapshot(analyst, intake, slot)
    publish(last)
    return last


def _snapshot(analyst: Analyst, intake: Intake, slot: Latest[Incoming]) -> Snapshot:
    return analyst.snapshot(
        received=intake.received,
        not_analysed={"replaced": slot.replaced, "protocol": intake.refused},
        gaps=intake.gaps,
        recording=intake.recording,
        problem=intake.problem,
    )

"""The two threads of a live run, and their end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from agent.edge.files.recording import Recorder
from agent.edge.session.latest import Latest
from agent.edge.session.meters import Meters
from agent.edge.session.processor import FrameProcessor
from agent.edge.session.receiver import Incoming, Receiver, Source, receive
from agent.edge.session.session import Session
from agent.edge.session.snapshot import SnapshotWriter
from protocol.snapshot import Snapshot
from protocol.wire.decoder import FrameDecoder


def live(
    source: Source,
    decoder: FrameDecoder,
    session: Session,
    stop: threading.Event,
    *,
    recorder: Recorder | None = None,
    until_frames: int | None = None,
) -> Snapshot:
    """Analyse what a source sends until asked to stop, or until so many frames were received and handled.

    Every received frame is analysed, waiting, or counted with its cause. Returns the last snapshot, which has been
    published.

    Raises:
        EdgeError: ten frames in a row failed, or the source did.
    """
    slot: Latest[Incoming] = Latest()
    receiver = Receiver(slot, decoder, session.clock, recorder)
    processor, meters = FrameProcessor(session.networks, session.config, session.run), Meters()
    writer = SnapshotWriter(processor, meters, session.publish, session.clock)
    # The receiving thread drains the source; this one analyses the newest frame and answers the operator.
    ended = threading.Event()
    threads = ThreadPoolExecutor(1, thread_name_prefix="receive")
    receiving = threads.submit(receive, source, receiver, slot, ended)
    try:
        while not stop.is_set() and not slot.ended:
            if session.commands is not None and (command := session.commands.poll()) is not None:
                processor.apply(command)
            # The newest frame, if one came; without frames the loop still turns, for commands, watchdog and snapshots.
            incoming = slot.take(0.05)
            if incoming is not None:
                _analyse(incoming, processor, receiver, meters, session)
            session.progress()
            writer.write_when_due(receiver.reception)
            if until_frames is not None and receiver.handled >= until_frames and not slot.waiting:
                break
    finally:
        ended.set()
        threads.shutdown()
    # Everything that was counted stands in the last snapshot.
    receiving.result()  # raises what ended the receiving thread
    return writer.write(receiver.reception())


def _analyse(
    incoming: Incoming, processor: FrameProcessor, receiver: Receiver, meters: Meters, session: Session
) -> None:
    if processor.paused:
        processor.skip()
    elif processor.process(incoming.frame) is not None:
        meters.analysed(incoming.frame.camera_time_s, session.clock())
        receiver.mark_analysed(incoming.recorded_index)

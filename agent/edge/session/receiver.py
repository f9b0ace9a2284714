"""Steps 1 to 4 of a frame's path: receive, record, decode, newest wins. Runs on the receiving thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from agent.edge.files.recording import Recorder
from agent.edge.session.latest import Latest
from protocol.errors import ProtocolError
from protocol.frame import Frame
from protocol.wire.karabo import decode_frame

log = structlog.get_logger()


class Source(Protocol):
    """Where raw messages come from."""

    def receive(self, timeout_s: float) -> list[bytes] | None:
        """Parts of the next message, or None when none came in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A decoded frame and its place in the recording, if there is one."""

    frame: Frame
    recorded_index: int | None


class Intake:
    """Counts every message; written by the receiving thread alone, read by the analysing one."""

    def __init__(self, slot: Latest[Incoming], clock: Callable[[], float], recorder: Recorder | None = None) -> None:
        self._slot = slot
        self._clock = clock
        self._recorder = recorder
        self._last: tuple[str, int] | None = None
        self.received = 0
        self.dealt_with = 0
        """Received, and either refused or left in the slot."""
        self.refused = 0
        self.gaps = 0
        self.recording = str(recorder.path) if recorder else ""
        self.problem = ""

    def accept(self, parts: Sequence[bytes]) -> None:
        """One message: recorded as it came, then decoded and left in the slot, or refused and counted."""
        now_s = self._clock()
        self.received += 1
        index = self._record(parts, now_s)
        try:
            frame = decode_frame(parts, received_time_s=now_s)
        except ProtocolError as error:
            self.refused += 1
            self.problem = str(error)
            log.warning("message refused", message=self.received, error=str(error))
        else:
            self._count_gap(frame)
            self._slot.put(Incoming(frame=frame, recorded_index=index))
        self.dealt_with += 1

    def mark_analysed(self, index: int | None) -> None:
        """Note in the recording that a frame was analysed live."""
        if self._recorder is not None and index is not None:
            try:
                self._recorder.mark_analysed(index)
            except OSError as error:
                self._stop_recording(error)

    def _record(self, parts: Sequence[bytes], now_s: float) -> int | None:
        if self._recorder is None:
            return None
        try:
            return self._recorder.append(parts, now_s)
        except OSError as error:
            self._stop_recording(error)
            return None

    def _stop_recording(self, error: OSError) -> None:
        """A full disk ends the recording, loudly, and not the analysis."""
        self.recording = f"STOPPED after a disk error: {error.strerror or error}"
        self.problem = f"the recording stopped: {error.strerror or error}; analysis goes on"
        log.error("recording stopped", error=str(error))
        self._recorder = None

    def _count_gap(self, frame: Frame) -> None:
        if self._last is not None and self._last[0] == frame.source and frame.sequence > self._last[1]:
            self.gaps += frame.sequence - self._last[1] - 1
        self._last = (frame.source, frame.sequence)


def receive(source: Source, intake: Intake, slot: Latest[Incoming], stop: threading.Event) -> None:
    """Drain a source until asked to stop, then close the slot."""
    try:
        while not stop.is_set():
            parts = source.receive(0.1)
            if parts is not None:
                intake.accept(parts)
    finally:
        slot.close()

"""Messages to the newest frame: receive, record, decode, newest wins. Runs on the receiving thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from agent.edge.files.recording import Recorder
from agent.edge.session.latest import Latest
from agent.edge.session.snapshot import Reception
from protocol.errors import ProtocolError
from protocol.frame import Frame
from protocol.snapshot import RecordingState
from protocol.wire.decoder import FrameDecoder

log = structlog.get_logger()

MOST_GAPS = 2**53
"""A sender whose numbers jump at random makes the count meaningless; it must still fit into a snapshot."""


class Source(Protocol):
    """Where raw messages come from."""

    def receive(self, timeout_s: float) -> list[bytes] | None:
        """Parts of the next message, or None when none came in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A decoded frame and its place in the recording, if there is one."""

    frame: Frame
    """As it was decoded."""
    recorded_index: int | None
    """Of its message."""


class Receiver:
    """Counts every message; written by the receiving thread alone, read by the analysing one."""

    def __init__(
        self,
        slot: Latest[Incoming],
        decoder: FrameDecoder,
        clock: Callable[[], float],
        recorder: Recorder | None = None,
    ) -> None:
        self._slot, self._decoder, self._clock, self._recorder = slot, decoder, clock, recorder
        self._last: tuple[str, int] | None = None
        self.messages = 0
        self.received = 0
        """Frames, and messages that should have been one."""
        self.handled = 0
        """Received, and either refused or left in the slot."""
        self.refused = 0
        self.gaps = 0
        self.recording = RecordingState() if recorder is None else RecordingState(mode="on", path=str(recorder.path))
        self.problem = ""

    def accept(self, parts: Sequence[bytes]) -> None:
        """One message: recorded as it came, then decoded, and its frame, if it holds one, left in the slot."""
        # Recorded before it is understood: a recording holds also what a decoder refuses.
        now_s = self._clock()
        self.messages += 1
        index = self._record(parts, now_s)
        try:
            frame = self._decoder.decode(parts, received_time_s=now_s)
        except ProtocolError as error:
            self.received += 1
            self.refused += 1
            self.problem = str(error)
            log.warning("message refused", message=self.messages, error=str(error))
            self.handled += 1
            return
        if frame is None:
            return
        # Counted as received before it can be taken, and as handled after: between the two it is on its way.
        self.received += 1
        self._count_gap(frame)
        self._slot.put(Incoming(frame=frame, recorded_index=index))
        self.handled += 1

    def mark_analysed(self, index: int | None) -> None:
        """Note in the recording that a frame was analysed live."""
        if self._recorder is not None and index is not None:
            try:
                self._recorder.mark_analysed(index)
            except OSError as error:
                self._stop_recording(self._recorder, error)

    def reception(self) -> Reception:
        """What has been counted so far."""
        return Reception(
            messages=self.messages,
            received=self.received,
            not_analysed={"replaced": self._slot.replaced, "protocol": self.refused},
            gaps=self.gaps,
            recording=self.recording,
            problem=self.problem,
        )

    def _record(self, parts: Sequence[bytes], now_s: float) -> int | None:
        if self._recorder is None:
            return None
        try:
            return self._recorder.append(parts, now_s)
        except OSError as error:
            self._stop_recording(self._recorder, error)
            return None

    def _stop_recording(self, recorder: Recorder, error: OSError) -> None:
        """A full disk ends the recording, loudly, and not the analysis."""
        reason = f"disk error: {error.strerror or error}"
        self.recording = RecordingState(mode="stopped", path=str(recorder.path), reason=reason)
        self.problem = f"the recording stopped: {error.strerror or error}; analysis goes on"
        log.error("recording stopped", error=str(error))
        self._recorder = None

    def _count_gap(self, frame: Frame) -> None:
        if self._last is not None and self._last[0] == frame.source and frame.sequence > self._last[1]:
            self.gaps = min(self.gaps + frame.sequence - self._last[1] - 1, MOST_GAPS)
        self._last = (frame.source, frame.sequence)


def receive(source: Source, receiver: Receiver, slot: Latest[Incoming], stop: threading.Event) -> None:
    """Drain a source until asked to stop, then close the slot.

    Raises:
        EdgeError: the source failed.
    """
    try:
        while not stop.is_set():
            parts = source.receive(0.1)
            if parts is not None:
                receiver.accept(parts)
    finally:
        slot.close()

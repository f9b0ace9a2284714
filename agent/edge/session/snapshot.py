"""The state of a run at one moment as the value that goes out. Runs on the analysing thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.core.statistics.summary import summarise
from agent.edge.session.meters import Meters
from agent.edge.session.processor import FrameProcessor
from protocol.snapshot import Cause, Health, RecordingState, Snapshot

SNAPSHOT_EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """What the receiving side of a run has counted so far."""

    messages: int = 0
    """Everything that came."""
    received: int = 0
    """Frames, and messages that should have been one."""
    not_analysed: Mapping[Cause, int] = field(default_factory=dict)
    """Frames that never reached the analysis."""
    gaps: int = 0
    """Frames that the sequence numbers say are missing."""
    recording: RecordingState = field(default_factory=RecordingState)
    """Whether the session is being recorded."""
    problem: str = ""
    """The newest fault in one line."""


class SnapshotWriter:
    """Numbers the snapshots of each run and publishes one now and then."""

    def __init__(
        self,
        processor: FrameProcessor,
        meters: Meters,
        publish: Callable[[Snapshot], None],
        clock: Callable[[], float],
    ) -> None:
        self._processor, self._meters, self._publish, self._clock = processor, meters, publish, clock
        self._run, self._number, self._next_s = "", 0, 0.0

    def write_when_due(self, reception: Callable[[], Reception]) -> None:
        """Publish a snapshot when the last one is old enough, or when the clock was set back."""
        if not self._next_s - SNAPSHOT_EVERY_S <= self._clock() < self._next_s:
            self.write(reception())
            self._next_s = self._clock() + SNAPSHOT_EVERY_S

    def write(self, reception: Reception) -> Snapshot:
        """Publish a snapshot of now, and return it."""
        snapshot = self._build(reception)
        self._publish(snapshot)
        return snapshot

    def _build(self, reception: Reception) -> Snapshot:
        processor, now_s = self._processor, self._clock()
        card, networks = processor.networks.classifier_card, processor.networks
        # Numbers start anew with a run.
        self._number = self._number + 1 if processor.run == self._run else 1
        self._run = processor.run
        # The card's confusion counts hold at the card's threshold only.
        at_the_cards = abs(processor.threshold - card.threshold) < 1e-9
        statistics = summarise(processor.stats, processor.threshold, card.confusion if at_the_cards else ())
        readings = self._meters.read(reception.received, now_s)
        causes = {**reception.not_analysed, **processor.not_analysed}
        return Snapshot(
            run=processor.run,
            number=self._number,
            created_time_s=now_s,
            classes=card.classes,
            threshold=processor.threshold,
            frame=processor.view,
            statistics=statistics,
            health=Health(
                messages=reception.messages,
                received=reception.received,
                analysed=processor.analysed,
                not_analysed={cause: count for cause, count in causes.items() if count},
                sequence_gaps=reception.gaps,
                received_per_s=readings.received_per_s,
                analysed_per_s=readings.analysed_per_s,
                latency_p50_ms=readings.latency_p50_ms,
                latency_p99_ms=readings.latency_p99_ms,
                backend=networks.backend,
                model=networks.model,
                recording=reception.recording,
                last_problem=reception.problem or processor.problem,
                warnings=networks.warnings,
            ),
            paused=processor.paused,
        )

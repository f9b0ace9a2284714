"""Snapshots: numbered by run, published when due, with what both sides counted."""

from __future__ import annotations

from agent.core.config import AnalysisConfig
from agent.edge.session.meters import Meters
from agent.edge.session.processor import FrameProcessor
from agent.edge.session.snapshot import Reception, SnapshotWriter
from protocol.command import Command
from protocol.snapshot import RecordingState, Snapshot
from tests.fakes import fake_networks, field


class Written:
    """A writer, its clock, and what it published."""

    def __init__(self) -> None:
        self.now_s, self.published = 100.0, list[Snapshot]()
        self.processor = FrameProcessor(fake_networks(), AnalysisConfig(), "run")
        self.writer = SnapshotWriter(self.processor, Meters(), self.published.append, lambda: self.now_s)


def test_a_snapshot_is_due_once_a_fifth_of_a_second() -> None:
    written = Written()
    for n in range(11):
        written.now_s = 100.0 + n / 8
        written.writer.write_when_due(Reception)
    assert len(written.published) == 6


def test_numbers_rise_and_start_anew_with_a_run() -> None:
    written = Written()
    numbers = [written.writer.write(Reception()).number for _ in range(2)]
    written.processor.apply(Command(action="new_run"))
    last = written.writer.write(Reception())
    assert (numbers, last.number, last.run) == ([1, 2], 1, "run-2")


def test_both_sides_counts_and_problems_meet() -> None:
    written = Written()
    written.processor.process(field(0))
    written.processor.process(field(1, pixel_size_nm=None))
    stopped = RecordingState(mode="stopped", path="a", reason="disk error: full")
    reception = Reception(
        messages=9, received=7, not_analysed={"replaced": 5, "protocol": 0}, gaps=2, recording=stopped, problem="full"
    )
    health = written.writer.write(reception).health
    assert (health.messages, health.received, health.analysed, health.sequence_gaps) == (9, 7, 1, 2)
    assert health.not_analysed == {"replaced": 5, "no_pixel_size": 1}
    assert (health.recording, health.last_problem) == (stopped, "full")

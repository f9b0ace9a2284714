"""Snapshots: numbered by run, published when due, with what both sides counted."""

from __future__ import annotations

from dataclasses import replace

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


def test_a_clock_that_is_set_back_does_not_silence_the_agent() -> None:
    written = Written()
    written.writer.write_when_due(Reception)
    written.now_s -= 3600
    written.writer.write_when_due(Reception)
    assert len(written.published) == 2
    written.now_s += 0.1
    written.writer.write_when_due(Reception)
    assert len(written.published) == 2, "and then it is as often as ever"
    written.now_s += 0.1
    written.writer.write_when_due(Reception)
    assert len(written.published) == 3


def test_causes_that_did_not_occur_are_left_out_and_the_sum_is_what_was_not_analysed() -> None:
    written = Written()
    written.processor.skip()
    health = written.writer.write(Reception(received=4, not_analysed={"replaced": 0, "protocol": 3})).health
    assert health.not_analysed == {"protocol": 3, "paused": 1}
    assert health.analysed + sum(health.not_analysed.values()) == health.received


def test_the_cards_confusions_correct_the_fractions_at_the_cards_threshold_only() -> None:
    written = Written()
    card = written.processor.networks.classifier_card
    classes = len(card.classes)
    confused = tuple(
        tuple(20.0 if n in (k, (k + 1) % classes) else 0.0 for n in range(classes + 1)) for k in range(classes)
    )
    written.processor.networks = replace(written.processor.networks, classifier_card=replace(card, confusion=confused))
    written.processor.process(field(0))
    at_the_cards = written.writer.write(Reception()).statistics
    written.processor.apply(Command(action="set_threshold", value=card.threshold - 0.1))
    moved = written.writer.write(Reception()).statistics
    named = sum(s.count for s in moved.shapes[:-1])
    assert named > 0
    assert [s.fraction for s in moved.shapes[:-1]] == [s.count / named for s in moved.shapes[:-1]]
    assert [s.fraction for s in at_the_cards.shapes[:-1]] != [s.fraction for s in moved.shapes[:-1]]

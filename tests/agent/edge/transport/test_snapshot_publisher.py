"""Whoever does not listen, or listens slowly, costs the agent nothing."""

from __future__ import annotations

import pytest

from agent.edge.errors import EdgeError
from agent.edge.transport.snapshot_publisher import SnapshotPublisher
from agent.edge.transport.snapshot_subscriber import SnapshotSubscriber
from protocol.wire.snapshot import encode_snapshot
from tests.examples import snapshot


def test_nobody_listens_and_nothing_waits() -> None:
    with SnapshotPublisher("tcp://127.0.0.1:*") as publisher:
        for _ in range(2000):
            publisher.send(b"x" * 10_000)


def test_an_address_that_is_taken_is_named_with_the_likely_cause() -> None:
    with (
        SnapshotPublisher("tcp://127.0.0.1:*") as first,
        pytest.raises(EdgeError, match=r"cannot publish on .*\(is another agent running\?\)"),
    ):
        SnapshotPublisher(first.endpoint)


def test_a_reader_that_slept_gets_the_newest_and_none_twice() -> None:
    part = encode_snapshot(snapshot())
    with SnapshotPublisher("tcp://127.0.0.1:*") as publisher, SnapshotSubscriber(publisher.endpoint) as reader:
        for _ in range(200):  # a subscription takes a moment to arrive
            publisher.send(part)
            if reader.newest(0.05) is not None:
                break
        else:
            pytest.fail("no snapshot came")
        while reader.newest(0.05) is not None:
            pass
        assert reader.newest() is None

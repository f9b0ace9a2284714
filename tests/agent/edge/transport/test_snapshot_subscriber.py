"""Snapshots from publisher to subscriber."""

from __future__ import annotations

from agent.edge.transport.snapshot_publisher import SnapshotPublisher
from agent.edge.transport.snapshot_subscriber import SnapshotSubscriber
from protocol.wire.snapshot import encode_snapshot
from tests.examples import snapshot


def test_the_newest_snapshot_reaches_the_reader() -> None:
    with SnapshotPublisher("tcp://127.0.0.1:*") as publisher, SnapshotSubscriber(publisher.endpoint) as subscriber:
        got = None
        for _ in range(100):
            publisher.send(encode_snapshot(snapshot()))
            got = subscriber.newest(0.1)
            if got:
                break
        assert got is not None
        assert got.number == 5

"""One socket: opened whole or not at all, closed once."""

from __future__ import annotations

import pytest

from agent.edge.errors import EdgeError
from agent.edge.transport.commands import send_command
from agent.edge.transport.snapshot_publisher import SnapshotPublisher
from agent.edge.transport.snapshot_subscriber import SnapshotSubscriber
from protocol.command import Command


def test_a_taken_port_is_named() -> None:
    with SnapshotPublisher("tcp://127.0.0.1:*") as first, pytest.raises(EdgeError, match="is another agent running"):
        SnapshotPublisher(first.endpoint)


def test_a_closed_socket_may_be_closed_again_and_leaves_its_port() -> None:
    first = SnapshotPublisher("tcp://127.0.0.1:*")
    endpoint = first.endpoint
    first.close()
    first.close()
    with SnapshotPublisher(endpoint) as second:
        assert second.endpoint == endpoint


@pytest.mark.parametrize("endpoint", ["nonsense", "tcp://nowhere", "smoke://1"])
def test_no_endpoint_is_one_line(endpoint: str) -> None:
    with pytest.raises(EdgeError, match=f"cannot ask '{endpoint}'"):
        send_command(endpoint, Command(action="pause"))
    with pytest.raises(EdgeError, match=f"cannot subscribe to '{endpoint}'"):
        SnapshotSubscriber(endpoint)

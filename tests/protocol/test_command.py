"""A command that makes no sense cannot be built."""

from __future__ import annotations

import pytest

from protocol.command import Command
from protocol.errors import ProtocolError


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"action": "explode"}, "an action is one of pause, resume, new_run, set_threshold, got 'explode'"),
        ({"action": "set_threshold"}, "set_threshold has a value"),
        ({"action": "pause", "value": 0.5}, "nothing else has one"),
        ({"action": "set_threshold", "value": 1.5}, "a threshold is 0 to 1"),
        ({"action": "set_threshold", "value": float("nan")}, "a threshold is 0 to 1"),
    ],
)
def test_a_command_that_makes_no_sense_cannot_be_built(bad: dict[str, object], message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        Command(**bad)  # type: ignore[arg-type]

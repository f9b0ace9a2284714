"""What an operator may ask of a running agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from protocol.errors import ProtocolError

Action = Literal["pause", "resume", "new_run", "set_threshold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One request of an operator."""

    action: Action
    """What the agent is to do."""
    value: float | None = None
    """The threshold (0 to 1) of ``set_threshold``; None for every other action."""

    def __post_init__(self) -> None:
        if self.action not in get_args(Action):
            raise ProtocolError(f"an action is one of {', '.join(get_args(Action))}, got {self.action!r}")
        if (self.action == "set_threshold") != (self.value is not None):
            raise ProtocolError(f"set_threshold has a value and nothing else has one, got {self.action}, {self.value}")
        if self.value is not None and not 0 <= self.value <= 1:
            raise ProtocolError(f"a threshold is 0 to 1, got {self.value}")

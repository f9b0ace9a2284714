"""What an operator may ask of a running agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["pause", "resume", "new_run", "set_threshold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One request; `value` is the threshold (0 to 1) of ``set_threshold`` and None for the others."""

    action: Action
    value: float | None = None

"""What a run analyses with and whom it tells: the same for a live microscope and for a recording."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agent.core.config import AnalysisConfig
from agent.core.networks import Networks
from protocol.command import Command
from protocol.snapshot import Snapshot


class Commands(Protocol):
    """Where an operator's commands come from."""

    def poll(self) -> Command | None:
        """The next command, or None; never waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run's means."""

    networks: Networks
    """Detector and classifier."""
    config: AnalysisConfig
    """How a frame is analysed."""
    publish: Callable[[Snapshot], None]
    """Called with every snapshot, on the analysing thread."""
    run: str = "run"
    """Name of the run in every snapshot."""
    commands: Commands | None = None
    """None: nobody may ask for anything."""
    progress: Callable[[], None] = lambda: None
    """Called once a turn of the analysing loop, for a watchdog."""
    clock: Callable[[], float] = time.time
    """Unix time; an argument, so that tests need no waiting."""

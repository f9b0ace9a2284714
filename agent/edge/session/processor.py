"""A decoded frame to particles, tracks and statistics. Runs on the analysing thread."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import structlog

from agent.core.config import AnalysisConfig
from agent.core.networks import Networks
from agent.core.pipeline import analyse
from agent.core.results import FrameResult
from agent.core.statistics.accumulate import Stats, empty, fold
from agent.core.tracking import Tracks, follow, no_tracks
from agent.edge.errors import EdgeError
from agent.edge.session.failures import Failure, crash_or_go_on
from agent.edge.session.thumbnail import thumbnail
from protocol.command import Command
from protocol.frame import Frame
from protocol.snapshot import Cause, FrameView

log = structlog.get_logger()


class FrameProcessor:
    """What a run has found so far, and what became of its frames.

    The attributes are for `session.snapshot` to read; only the methods change them.
    """

    def __init__(self, networks: Networks, config: AnalysisConfig, run: str) -> None:
        self.networks = networks
        card = networks.classifier_card
        self.threshold = card.threshold if config.threshold is None else config.threshold
        """Confidence below which the answer is ``unknown``; an operator may change it."""
        self.paused = False
        self.analysed = 0
        self.not_analysed: Counter[Cause] = Counter()
        self.problem = ""
        """The newest fault in one line; empty since the last frame that was analysed."""
        self._config, self._first_run = config, run
        self._runs, self._failed_in_a_row = 1, 0
        self._forget()

    def _forget(self) -> None:
        self.stats: Stats = empty(self.networks.classifier_card.classes)
        self.view: FrameView | None = None
        self._tracks: Tracks = no_tracks()

    @property
    def run(self) -> str:
        """Name of the run; a number follows when the operator has begun another."""
        return self._first_run if self._runs == 1 else f"{self._first_run}-{self._runs}"

    def process(self, frame: Frame) -> FrameResult | None:
        """Analyse one frame and fold it in; None when it cannot be, which is counted with its cause.

        Raises:
            EdgeError: too many frames in a row failed by our own fault.
        """
        try:
            # Everything is computed before anything is kept: a frame that fails half-way leaves no trace.
            result = analyse(frame, self.networks, replace(self._config, threshold=self.threshold))
            tracks, numbers = follow(self._tracks, result)
            stats = fold(self.stats, result, numbers)
            view = thumbnail(frame, result, numbers)
        except Exception as error:
            failure = crash_or_go_on(error, self._failed_in_a_row)
            self._count(frame, error, failure)
            if failure.fatal:
                raise EdgeError(f"{failure.in_a_row} frames in a row failed, the last: {error}") from error
            return None
        # From here on nothing can fail: what was computed is kept, all of it together.
        self._tracks, self.stats, self.view = tracks, stats, view
        self._failed_in_a_row = 0
        self.analysed += 1
        self.problem = ""
        return result

    def skip(self) -> None:
        """Count a frame that came while the analysis is paused."""
        self.not_analysed["paused"] += 1

    def apply(self, command: Command) -> None:
        """Do what an operator asks."""
        log.info("command", action=command.action, value=command.value)
        if command.action == "new_run":
            self._runs += 1
            self._forget()
        elif command.action == "set_threshold" and command.value is not None:
            self.threshold = command.value
        else:
            self.paused = command.action == "pause"

    def _count(self, frame: Frame, error: Exception, failure: Failure) -> None:
        self._failed_in_a_row = failure.in_a_row
        self.not_analysed[failure.cause] += 1
        ours = failure.cause == "failed"
        problem = f"frame {frame.sequence}{' failed: ' + type(error).__name__ if ours else ''}: {error}"
        if problem != self.problem:  # a fault that every frame has is logged once
            log.warning("frame not analysed", cause=failure.cause, problem=problem)
        self.problem = problem
        if ours:
            log.exception("analysis failed", frame=frame.sequence)

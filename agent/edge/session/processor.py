"""Steps 5 to 9 of a frame's path: analyse, fold, and the snapshot of it all. Runs on the analysing thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import structlog

from agent.core.config import AnalysisConfig
from agent.core.networks import Engine
from agent.core.pipeline import analyse
from agent.core.results import FrameResult, NoPixelSize, UnusableFrame
from agent.core.statistics.accumulate import Stats, empty, fold, statistics
from agent.core.tracking import Tracks, follow, no_tracks
from agent.edge.errors import EdgeError
from agent.edge.session.thumbnail import frame_view
from protocol.command import Command
from protocol.frame import Frame
from protocol.snapshot import FrameView, Health, Snapshot

log = structlog.get_logger()

FAILURES_IN_A_ROW = 10
LATENCIES = 500
RATE_WINDOW_S = 5.0


class Analyst:
    """One run's state: tracks, statistics, the newest view, and what went wrong."""

    def __init__(self, engine: Engine, config: AnalysisConfig, run: str, clock: Callable[[], float]) -> None:
        self._engine, self._config, self._clock = engine, config, clock
        self._run, self._runs, self._number = run, 1, 0
        self._failures = 0
        self._latency_s: deque[float] = deque(maxlen=LATENCIES)
        self._done_s: deque[float] = deque(maxlen=LATENCIES)
        self._received: deque[tuple[float, int]] = deque(maxlen=LATENCIES)
        self._fresh()
        self.analysed = 0
        self.not_analysed = {"no_pixel_size": 0, "unusable": 0, "failed": 0}
        self.paused = False
        self.problem = ""
        card = engine.classifier_card
        self._threshold = card.threshold if config.threshold is None else config.threshold

    def _fresh(self) -> None:
        self._stats: Stats = empty(self._engine.classifier_card.classes)
        self._tracks: Tracks = no_tracks()
        self._view: FrameView | None = None

    def take(self, frame: Frame) -> FrameResult | None:
        """Analyse one frame and fold it in; None when it cannot be, which is counted with its cause.

        Raises:
            EdgeError: ten frames in a row failed by our own fault.
        """
        try:
            result = analyse(frame, self._engine, replace(self._config, threshold=self._threshold))
            tracks, numbers = follow(self._tracks, result)
            stats = fold(self._stats, result, numbers)
            view = frame_view(frame, result, numbers)
        except UnusableFrame as error:
            cause = "no_pixel_size" if isinstance(error, NoPixelSize) else "unusable"
            self._refuse(cause, f"frame {frame.sequence}: {error}")
            return None
        except Exception as error:
            self._failures += 1
            self._refuse("failed", f"frame {frame.sequence} failed: {type(error).__name__}: {error}")
            log.exception("analysis failed", frame=frame.sequence)
            if self._failures >= FAILURES_IN_A_ROW:
                raise EdgeError(f"{FAILURES_IN_A_ROW} frames in a row failed, the last: {error}") from error
            return None
        self._failures = 0
        self.analysed += 1
        self.problem = ""
        self._tracks, self._stats, self._view = tracks, stats, view
        now_s = self._clock()
        self._latency_s.append(now_s - frame.camera_time_s)
        self._done_s.append(now_s)
        return result

    def obey(self, command: Command) -> None:
        """Do what an operator asks."""
        log.info("command", action=command.action, value=command.value)
        if command.action == "new_run":
            self._runs += 1
            self._number = 0
            self._fresh()
        elif command.action == "set_threshold" and command.value is not None:
            self._threshold = command.value
        else:
            self.paused = command.action == "pause"

    def snapshot(
        self, *, received: int, not_analysed: dict[str, int], gaps: int, recording: str, problem: str
    ) -> Snapshot:
        """The state now; what the receiving side counts comes as arguments."""
        self._number += 1
        now_s = self._clock()
        self._received.append((now_s, received))
        latency_ms = 1e3 * np.array(self._latency_s) if self._latency_s else np.array([np.nan])
        return Snapshot(
            run=self._run if self._runs == 1 else f"{self._run}-{self._runs}",
            number=self._number,
            created_time_s=now_s,
            classes=self._engine.classifier_card.classes,
            threshold=self._threshold,
            frame=self._view,
            statistics=statistics(self._stats, self._threshold, self._confusion()),
            health=Health(
                received=received,
                analysed=self.analysed,
                not_analysed={k: v for k, v in {**not_analysed, **self.not_analysed}.items() if v},
                sequence_gaps=gaps,
                received_per_s=self._received_per_s(),
                analysed_per_s=_rate(self._done_s, now_s),
                latency_p50_ms=float(np.percentile(latency_ms, 50)),
                latency_p99_ms=float(np.percentile(latency_ms, 99)),
                backend=self._engine.backend,
                model=self._engine.model,
                recording=recording,
                last_problem=problem or self.problem,
                warnings=self._engine.warnings,
            ),
            paused=self.paused,
        )

    def _confusion(self) -> tuple[tuple[float, ...], ...]:
        """The card's confusion counts hold at the card's threshold only."""
        card = self._engine.classifier_card
        return card.confusion if abs(self._threshold - card.threshold) < 1e-9 else ()

    def _received_per_s(self) -> float:
        (first_s, first), (last_s, last) = self._received[0], self._received[-1]
        recent = [(t, n) for t, n in self._received if t >= last_s - RATE_WINDOW_S]
        first_s, first = recent[0]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0

    def _refuse(self, cause: str, problem: str) -> None:
        self.not_analysed[cause] += 1
        if problem != self.problem:
            log.warning("frame not analysed", cause=cause, problem=problem)
        self.problem = problem


def _rate(done_s: deque[float], now_s: float) -> float:
    recent = [t for t in done_s if t > now_s - RATE_WINDOW_S]
    return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 and recent[-1] > recent[0] else 0.0

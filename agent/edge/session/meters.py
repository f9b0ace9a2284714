"""Rates and latencies over the newest frames. Times come in as arguments: no clock here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

NEWEST = 500
"""Frames, or snapshots, over which is measured."""
WINDOW_S = 5.0
"""Rates are of the last seconds, so that they follow a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What the meters show at one moment."""

    received_per_s: float
    """Frames that came, over the last seconds."""
    analysed_per_s: float
    """Frames that were finished, over the last seconds."""
    latency_p50_ms: float
    """From the camera's time stamp to the result: half of the newest frames take less."""
    latency_p99_ms: float
    """NaN before the first frame."""


class Meters:
    """Fed by the analysing thread, once a frame and once a snapshot."""

    def __init__(self) -> None:
        self._latency_s: deque[float] = deque(maxlen=NEWEST)
        self._done_s: deque[float] = deque(maxlen=NEWEST)
        self._received: deque[tuple[float, int]] = deque(maxlen=NEWEST)

    def analysed(self, camera_time_s: float, now_s: float) -> None:
        """A frame was finished."""
        self._latency_s.append(now_s - camera_time_s)
        self._done_s.append(now_s)

    def read(self, received: int, now_s: float) -> Readings:
        """The readings now, when so many frames have been received since the start."""
        self._received.append((now_s, received))
        latency_ms = 1e3 * np.array(self._latency_s) if self._latency_s else np.array([np.nan])
        p50, p99 = np.percentile(latency_ms, [50, 99])
        return Readings(
            received_per_s=self._received_per_s(now_s),
            analysed_per_s=self._analysed_per_s(now_s),
            latency_p50_ms=float(p50),
            latency_p99_ms=float(p99),
        )

    def _received_per_s(self, now_s: float) -> float:
        # Between the oldest and the newest reading of the window, so that a single one has no rate. What lies in the
        # future was read before the clock was set back.
        recent = [(time_s, count) for time_s, count in self._received if now_s - WINDOW_S <= time_s <= now_s]
        (first_s, first), (last_s, last) = recent[0], recent[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0

    def _analysed_per_s(self, now_s: float) -> float:
        recent = [time_s for time_s in self._done_s if now_s - WINDOW_S < time_s <= now_s]
        spent_s = recent[-1] - recent[0] if recent else 0.0
        return (len(recent) - 1) / spent_s if spent_s > 0 else 0.0

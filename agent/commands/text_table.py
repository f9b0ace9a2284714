"""A snapshot as a table of text. Pure."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from agent.core.statistics.quantiles import median_and_spread_nm
from protocol.labels import UNKNOWN
from protocol.snapshot import Snapshot


def text_table(snapshot: Snapshot) -> str:
    """Counts, fractions and sizes per class under the health line."""
    health, statistics = snapshot.health, snapshot.statistics
    left = ", ".join(f"{cause} {count}" for cause, count in health.not_analysed.items()) or "none"
    lines = [
        f"{statistics.particles} particles (each counted once), {statistics.cut} more cut by the border (not counted), "
        f"in {health.analysed} of {health.received} frames; "
        f"not analysed: {left}; gaps {health.sequence_gaps}; latency p50 {_number(health.latency_p50_ms)} ms, "
        f"p99 {_number(health.latency_p99_ms)} ms; {health.backend}",
        f"  {'shape':22s}{'count':>7s}{'fraction':>10s}   {'95 % interval':18s}   diameter, nm",
    ]
    for shape in statistics.shapes:
        interval = f"{shape.fraction_low:6.1%} to {shape.fraction_high:6.1%}"
        # Of nothing every fraction is possible: 0 to 100 % would look like a result.
        shown = f"{'-':18s}" if math.isnan(shape.fraction) else f"{interval:18s}"
        size = _size(shape.diameter_counts, statistics.diameter_edges_nm)
        lines.append(f"  {shape.shape:22s}{shape.count:7d}{_percent(shape.fraction):>10s}   {shown}   {size}")
    if not any(s.count for s in statistics.shapes if s.shape != UNKNOWN):
        lines.append(f"  no particle is sure enough yet: the threshold is {snapshot.threshold:.0%}")
    lines += [f"  model: {warning}" for warning in health.warnings]
    if health.last_problem:
        lines.append(f"  problem: {health.last_problem}")
    return "\n".join(lines)


def _size(counts: NDArray[np.int64], edges_nm: NDArray[np.float64]) -> str:
    """Median ± half the width of the middle 68 %."""
    middle, half = median_and_spread_nm(counts, edges_nm)
    return "-" if math.isnan(middle) else f"{middle:.1f} ± {half:.1f}"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f}"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"

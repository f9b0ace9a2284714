"""A snapshot as a table of text. Pure."""

from __future__ import annotations

import math

from protocol.snapshot import Snapshot


def table(snapshot: Snapshot) -> str:
    """Counts and fractions per class, and the health line."""
    health, statistics = snapshot.health, snapshot.statistics
    left = ", ".join(f"{cause} {count}" for cause, count in health.not_analysed.items()) or "none"
    lines = [
        f"{statistics.particles} particles (each counted once) in {health.analysed} of {health.received} frames; "
        f"not analysed: {left}; gaps {health.sequence_gaps}; latency p50 {_number(health.latency_p50_ms)} ms, "
        f"p99 {_number(health.latency_p99_ms)} ms; {health.backend}",
        f"  {'shape':22s}{'count':>7s}{'fraction':>10s}   95 % interval",
    ]
    for shape in statistics.shapes:
        interval = f"{shape.fraction_low:6.1%} to {shape.fraction_high:6.1%}"
        lines.append(f"  {shape.shape:22s}{shape.count:7d}{_percent(shape.fraction):>10s}   {interval}")
    if health.last_problem:
        lines.append(f"  problem: {health.last_problem}")
    return "\n".join(lines)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f}"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"

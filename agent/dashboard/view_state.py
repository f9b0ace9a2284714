"""A snapshot and the user's choices to what is drawn: texts, numbers, colours. Pure, no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.dashboard.colours import BAD, TEXT, WARNING, class_colours
from protocol.snapshot import FrameView, Health, Snapshot

STALE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mark:
    """One outlined particle, in pixels of the shown image."""

    outline: NDArray[np.float64]
    """(n, 2), x then y, closed."""
    y: float
    x: float
    colour: str
    text: str
    nameless: bool
    """``unknown``: drawn thinner, so that colour is not the only cue."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bar:
    """One class in the histogram."""

    name: str
    count: int
    percent: float
    low_percent: float
    high_percent: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ViewState:
    """Everything the window shows."""

    number: tuple[str, int]
    """Run and number of the snapshot: what changed when it changes."""
    image: NDArray[np.uint8] | None
    marks: tuple[Mark, ...]
    scale_bar_px: float
    scale_bar_text: str
    frame_text: str
    headline: str
    bars: tuple[Bar, ...]
    size_edges_nm: NDArray[np.float64]
    sizes: tuple[tuple[str, str, NDArray[np.int64]], ...]
    """(class, colour, counts)."""
    history_s: NDArray[np.float64]
    """Seconds before now, negative."""
    history: tuple[tuple[str, str, NDArray[np.float32]], ...]
    """(class, colour, percent)."""
    health: tuple[tuple[str, str, str], ...]
    """(label, value, colour)."""
    problem: str
    paused: bool
    threshold: float


def resolve(snapshot: Snapshot, now_s: float) -> ViewState:
    """What to draw; `now_s` is the viewer's clock."""
    colours = class_colours(snapshot.classes)
    statistics, frame = snapshot.statistics, snapshot.frame
    bars = tuple(
        Bar(
            name=pretty(s.shape),
            count=s.count,
            percent=_percent(s.fraction),
            low_percent=100 * s.fraction_low,
            high_percent=100 * s.fraction_high,
            colour=colours[s.shape],
        )
        for s in statistics.shapes
    )
    bar_nm, bar_px = _scale_bar(frame)
    return ViewState(
        number=(snapshot.run, snapshot.number),
        image=None if frame is None else frame.image,
        marks=() if frame is None else _marks(frame, colours),
        scale_bar_px=bar_px,
        scale_bar_text=f"{bar_nm:g} nm",
        frame_text=_frame_text(frame),
        headline=f"{statistics.particles} particles, each counted once ({statistics.detections} sightings)",
        bars=bars,
        size_edges_nm=statistics.diameter_edges_nm,
        sizes=tuple((pretty(s.shape), colours[s.shape], s.diameter_counts) for s in statistics.shapes),
        history_s=statistics.history_time_s - now_s,
        history=tuple(
            (pretty(name), colours[name], 100 * statistics.history_fraction[:, n])
            for n, name in enumerate(snapshot.classes)
        ),
        health=_health(snapshot.health, now_s - snapshot.created_time_s),
        problem=snapshot.health.last_problem,
        paused=snapshot.paused,
        threshold=snapshot.threshold,
    )


def pretty(name: str) -> str:
    """A class as people write it."""
    return name.replace("_", " ")


def _percent(fraction: float) -> float:
    return 0.0 if math.isnan(fraction) else 100 * fraction


def _marks(frame: FrameView, colours: dict[str, str]) -> tuple[Mark, ...]:
    marks = []
    for p in frame.particles:
        ring = (np.asarray(p.outline_px, dtype=np.float64)[:, ::-1] + 0.5) / frame.scale
        known = p.shape != "unknown"
        marks.append(
            Mark(
                outline=np.vstack([ring, ring[:1]]),
                y=(p.y_px + 0.5) / frame.scale,
                x=(p.x_px + 0.5) / frame.scale,
                colour=colours.get(p.shape, colours["unknown"]),
                text=f"{pretty(p.shape)} {p.confidence:.0%}" if known else "unknown",
                nameless=not known,
            )
        )
    return tuple(marks)


def _scale_bar(frame: FrameView | None) -> tuple[float, float]:
    """The largest of 1, 2, 5, 10 … nm that is under a quarter of the image, and its length in image pixels."""
    if frame is None:
        return 1.0, 0.0
    nm_a_pixel = frame.pixel_size_nm * frame.scale
    limit_nm = frame.image.shape[1] * nm_a_pixel / 4
    steps = [m * 10.0**e for e in range(-2, 4) for m in (1, 2, 5)]
    bar_nm = max([s for s in steps if s <= limit_nm], default=steps[0])
    return bar_nm, bar_nm / nm_a_pixel


def _frame_text(frame: FrameView | None) -> str:
    if frame is None:
        return "waiting for the first frame"
    height, width = frame.shape_px
    return (
        f"frame {frame.sequence}   {width} x {height} px   {frame.pixel_size_nm:.4f} nm/px "
        f"({frame.pixel_size_provenance})   {len(frame.particles)} particles"
    )


def _health(health: Health, age_s: float) -> tuple[tuple[str, str, str], ...]:
    lost = ", ".join(f"{cause.replace('_', ' ')} {count}" for cause, count in health.not_analysed.items()) or "none"
    stale = age_s > STALE_S
    slow = not math.isnan(health.latency_p99_ms) and health.latency_p99_ms > 1000
    latency = (
        "no frame yet"
        if math.isnan(health.latency_p50_ms)
        else (f"{health.latency_p50_ms:.0f} / {health.latency_p99_ms:.0f} ms")
    )
    return (
        ("state", f"NO NEWS for {age_s:.0f} s" if stale else "live", BAD if stale else TEXT),
        ("frames/s", f"{health.received_per_s:.1f} in, {health.analysed_per_s:.1f} analysed", TEXT),
        ("latency p50 / p99", latency, WARNING if slow else TEXT),
        ("analysed", f"{health.analysed} of {health.received}", TEXT),
        ("not analysed", lost, TEXT),
        (
            "gaps",
            f"{health.sequence_gaps} frames never came" if health.sequence_gaps else "none",
            WARNING if health.sequence_gaps else TEXT,
        ),
        ("backend", health.backend, TEXT),
        ("model", health.model, TEXT),
        ("recording", health.recording or "off", BAD if health.recording.startswith("STOPPED") else TEXT),
    )

"""How the pipeline does, in words with an alarm level, and the one line that must be read first. Pure, no Qt."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from protocol.snapshot import CAUSES, INTENDED, Health, Snapshot

Level = Literal["ok", "warn", "bad"]

SILENT_S = 3.0
"""An agent that sends five snapshots a second has fallen silent after so long."""
SLOW_MS = 1000.0
KEPT_UP_SHARE = 0.5
"""Newest wins by design; under this share of the arriving frames it is worth a word."""
CELLS = (
    "state",
    "frames/s",
    "latency p50 / p99",
    "analysed",
    "not analysed",
    "gaps",
    "recording",
    "backend",
    "model",
)
"""Labels of the health line, in its order."""
BACKEND = re.compile(r"\S+ (?P<precision>.+?) on (?P<where>[^(]+?)(?: \(.*\))?")
"""What a snapshot says of the backend: ``onnxruntime-cpu int8 on AVX2 (no NVIDIA driver)``."""
PRECISIONS = re.compile(r"\b(?:fp32|fp16|int8)\b")
IN_BRACKETS = re.compile(r" \([^()]*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """What the window itself knows; `resolve` has no clock."""

    endpoint: str = ""
    """Where snapshots should come from."""
    silent_s: float = 0.0
    """Since the last snapshot arrived, or since the window opened."""
    frame_age_s: float = 0.0
    """Since the shown frame arrived."""
    fault: str = ""
    """Why the last message was no snapshot."""
    picked: int | None = None
    """Track of the particle that is pointed at or clicked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value of the health line."""

    label: str
    """One of `CELLS`."""
    value: str
    """As it is written, in few words: there is room for some twenty letters."""
    level: Level = "ok"
    """How grave it is."""
    whole: str = ""
    """What `value` is short for, to be read by pointing at it; empty when the value says all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The line that must be read first; empty when all is well."""

    text: str = ""
    """One line."""
    level: Level = "ok"
    """How grave it is."""


def banner(snapshot: Snapshot | None, viewer: Viewer) -> Banner:
    """The gravest of what is wrong."""
    # First what makes the window itself blind: it cannot read, there is nothing to read, or what it shows is old.
    if viewer.fault:
        return Banner(
            text=f"What comes from {viewer.endpoint} is not for this window: {viewer.fault}. "
            "Install the same version of beamside at both ends.",
            level="bad",
        )
    if snapshot is None:
        text = f"Waiting for an agent on {viewer.endpoint}"
        if viewer.silent_s <= SILENT_S:
            return Banner(text=text)
        return Banner(text=f"{text}: nothing for {duration(viewer.silent_s)}. Is it running?", level="warn")
    if viewer.silent_s > SILENT_S:
        return Banner(text=f"NO NEWS from the agent for {duration(viewer.silent_s)}: what is shown is old", level="bad")
    # Then faults, which need somebody to act; then what was asked for, or has to be known.
    recording = snapshot.health.recording
    stopped = f"recording STOPPED after a {recording.reason}" if recording.mode == "stopped" else ""
    wrong = [text for text in (snapshot.health.last_problem, stopped) if text]
    if wrong:
        return Banner(text=" · ".join(wrong), level="bad")
    if snapshot.paused:
        return Banner(text="PAUSED: frames are received and not analysed", level="warn")
    if snapshot.health.warnings:
        return Banner(text="MODEL: " + " · ".join(snapshot.health.warnings), level="warn")
    if snapshot.frame is None:
        source = snapshot.notes.get("endpoint", "")
        return Banner(text=f"The agent is ready and waits for the first frame{f' on {source}' if source else ''}")
    return Banner()


def cells(snapshot: Snapshot | None, viewer: Viewer) -> tuple[Cell, ...]:
    """The health line, always the same cells in the same order."""
    if snapshot is None:
        return tuple(Cell(label=label, value="–") for label in CELLS)
    health = snapshot.health
    return (
        _state(snapshot, viewer),
        _rates(snapshot),
        _latency(health),
        Cell(label="analysed", value=f"{health.analysed} of {health.received}"),
        _lost(health),
        _gaps(health),
        _recording(health),
        _backend(health),
        Cell(label="model", value=IN_BRACKETS.sub("", health.model), whole=health.model),
    )


def duration(seconds: float) -> str:
    """``12 s``, ``3 min``, ``2 h 05``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d}"


def _state(snapshot: Snapshot, viewer: Viewer) -> Cell:
    if viewer.silent_s > SILENT_S:
        return Cell(label="state", value=f"NO NEWS {duration(viewer.silent_s)}", level="bad")
    if snapshot.paused:
        return Cell(label="state", value="paused", level="warn")
    if snapshot.frame is None:
        return Cell(label="state", value="no frame yet", level="warn")
    if viewer.frame_age_s > SILENT_S:
        return Cell(label="state", value=f"no frame {duration(viewer.frame_age_s)}", level="warn")
    return Cell(label="state", value=f"live, {viewer.frame_age_s:.1f} s")


def _rates(snapshot: Snapshot) -> Cell:
    health = snapshot.health
    behind = not snapshot.paused and health.analysed_per_s < KEPT_UP_SHARE * health.received_per_s
    value = f"{health.received_per_s:.1f} in, {health.analysed_per_s:.1f} done"
    return Cell(label="frames/s", value=value, level="warn" if behind else "ok")


def _latency(health: Health) -> Cell:
    if math.isnan(health.latency_p50_ms):
        return Cell(label="latency p50 / p99", value="–")
    # Two computers whose clocks disagree make a latency that means nothing.
    wrong = health.latency_p50_ms < 0
    value = f"{health.latency_p50_ms:.0f} / {health.latency_p99_ms:.0f} ms"
    return Cell(
        label="latency p50 / p99",
        value=f"{value}, clocks differ" if wrong else value,
        level="warn" if wrong or health.latency_p99_ms > SLOW_MS else "ok",
    )


def _lost(health: Health) -> Cell:
    value = ", ".join(f"{cause.replace('_', ' ')} {count}" for cause, count in health.not_analysed.items() if count)
    faults = any(health.not_analysed.get(cause) for cause in CAUSES if cause not in INTENDED)
    return Cell(label="not analysed", value=value or "none", level="warn" if faults else "ok")


def _recording(health: Health) -> Cell:
    recording = health.recording
    if recording.mode == "stopped":
        return Cell(label="recording", value=f"STOPPED after a {recording.reason}", level="bad")
    return Cell(label="recording", value=recording.path or "off")


def _backend(health: Health) -> Cell:
    """``int8, AVX-512 VNNI``: precision and where it computes; what computes, and why nothing better, is in `whole`."""
    told = BACKEND.fullmatch(health.backend)
    found = None if told is None else dict.fromkeys(PRECISIONS.findall(told["precision"]))
    value = health.backend if told is None or not found else f"{'/'.join(found)}, {told['where']}"
    return Cell(label="backend", value=value, whole=health.backend, level="warn" if health.warnings else "ok")


def _gaps(health: Health) -> Cell:
    if not health.sequence_gaps:
        return Cell(label="gaps", value="none")
    return Cell(label="gaps", value=f"{health.sequence_gaps} lost", level="warn")

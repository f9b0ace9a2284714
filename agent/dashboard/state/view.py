"""A snapshot and what the viewer knows to what is drawn: texts, numbers, colours. Pure, no Qt."""

from __future__ import annotations

from dataclasses import dataclass

from agent.dashboard.state.charts import ChartsState, charts_state
from agent.dashboard.state.frame import Detail, FrameState, detail, frame_state
from agent.dashboard.state.health import Banner, Cell, Viewer, banner, cells
from agent.dashboard.state.palette import ClassStyle, class_styles
from protocol.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ViewState:
    """Everything the window shows."""

    headline: str
    """Particles, detections and the run."""
    banner: Banner
    """What must be read first."""
    health: tuple[Cell, ...]
    """The line at the bottom."""
    detail: Detail
    """Of the particle that is pointed at."""
    styles: tuple[ClassStyle, ...] = ()
    """Classes, then ``unknown``: the legend. Empty before the first snapshot, as is all below."""
    frame: FrameState | None = None
    """The left half; None before the first frame."""
    charts: ChartsState | None = None
    """The right half."""
    paused: bool = False
    """What the pause button shows."""
    threshold: float | None = None
    """Where the slider stands."""


def resolve(snapshot: Snapshot | None, viewer: Viewer) -> ViewState:
    """What to draw of the newest snapshot; without one, what is waited for."""
    first, line = banner(snapshot, viewer), cells(snapshot, viewer)
    if snapshot is None:
        return ViewState(headline="no agent yet", banner=first, health=line, detail=Detail(text=""))
    styles = class_styles(snapshot.classes)
    statistics = snapshot.statistics
    return ViewState(
        headline=f"{statistics.particles} particles, each counted once "
        f"({statistics.detections} sightings) · cut: {statistics.cut} · {snapshot.run}",
        banner=first,
        health=line,
        styles=tuple(styles.values()),
        detail=detail(snapshot, styles, viewer.picked),
        frame=frame_state(snapshot, styles, viewer.picked),
        charts=charts_state(snapshot, styles),
        paused=snapshot.paused,
        threshold=snapshot.threshold,
    )

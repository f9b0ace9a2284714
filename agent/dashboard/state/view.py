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
    banner: Banner
    health: tuple[Cell, ...]
    detail: Detail
    styles: tuple[ClassStyle, ...] = ()
    """Classes, then ``unknown``: the legend. Empty before the first snapshot, as is all below."""
    frame: FrameState | None = None
    charts: ChartsState | None = None
    paused: bool = False
    threshold: float | None = None


def resolve(snapshot: Snapshot | None, viewer: Viewer) -> ViewState:
    """What to draw of the newest snapshot; without one, what is waited for."""
    first, line = banner(snapshot, viewer), cells(snapshot, viewer)
    if snapshot is None:
        return ViewState(headline="no agent yet", banner=first, health=line, detail=Detail(text=""))
    styles = class_styles(snapshot.classes)
    statistics = snapshot.statistics
    return ViewState(
        headline=f"{statistics.particles} particles, each counted once "
        f"({statistics.detections} sightings) · {snapshot.run}",
        banner=first,
        health=line,
        styles=tuple(styles.values()),
        detail=detail(snapshot, styles, viewer.picked),
        frame=frame_state(snapshot, styles, viewer.picked),
        charts=charts_state(snapshot, styles),
        paused=snapshot.paused,
        threshold=snapshot.threshold,
    )

"""A snapshot and a viewer to all that is drawn."""

from __future__ import annotations

from agent.dashboard.state.health import Viewer
from agent.dashboard.state.view import resolve
from tests.examples import CLASSES, snapshot


def test_without_a_snapshot_there_is_nothing_to_draw_but_the_waiting() -> None:
    state = resolve(None, Viewer(endpoint="tcp://a:1"))
    assert (state.frame, state.charts, state.threshold, state.styles) == (None, None, None, ())
    assert state.headline == "no agent yet"


def test_the_parts_are_of_one_snapshot() -> None:
    state = resolve(snapshot(3), Viewer())
    assert state.frame is not None
    assert state.charts is not None
    assert (len(state.frame.marks), state.threshold, state.paused) == (3, 0.7, False)
    assert [s.name for s in state.styles] == [*CLASSES, "unknown"]
    assert state.headline == "120 particles, each counted once (900 sightings) · cut: 7 · test"

"""What the dashboard shows: pure states, and real widgets drawn without a screen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.dashboard.colours import class_colours
from agent.dashboard.export_csv import to_csv
from agent.dashboard.view_state import resolve
from protocol.command import Command
from protocol.snapshot import Snapshot
from tests.examples import CLASSES, snapshot

NOW_S = 1.7e9 + 0.5


def health_of(state, label: str) -> str:  # type: ignore[no-untyped-def]
    return {name: value for name, value, _ in state.health}[label]


def test_every_class_has_its_own_colour() -> None:
    assert len(set(class_colours(CLASSES).values())) == len(CLASSES) + 1


def test_old_news_is_called_old() -> None:
    assert health_of(resolve(snapshot(), NOW_S), "state") == "live"
    assert health_of(resolve(snapshot(), NOW_S + 10), "state") == "NO NEWS for 10 s"


def test_lost_frames_are_told_with_their_cause() -> None:
    state = resolve(snapshot(), NOW_S)
    assert health_of(state, "not analysed") == "replaced 9"
    assert health_of(state, "gaps") == "1 frames never came"


def test_the_scale_bar_is_a_round_number_under_a_quarter_of_the_image() -> None:
    """512 image pixels of 0.1 nm: 10 nm are 100 of them."""
    state = resolve(snapshot(), NOW_S)
    assert (state.scale_bar_text, state.scale_bar_px) == ("10 nm", pytest.approx(100))


def test_marks_are_in_pixels_of_the_shown_image_and_say_how_sure() -> None:
    source = snapshot(1)
    assert source.frame is not None
    (mark,) = resolve(source, NOW_S).marks
    assert mark.y == pytest.approx((source.frame.particles[0].y_px + 0.5) / 2)
    assert mark.text == "unknown" or mark.text.endswith("%")


def test_before_the_first_frame_it_says_what_it_waits_for() -> None:
    assert resolve(replace(snapshot(), frame=None), NOW_S).frame_text == "waiting for the first frame"


def test_the_csv_has_a_row_for_every_class() -> None:
    rows = to_csv(snapshot()).splitlines()
    assert len(rows) == 1 + len(CLASSES) + 1
    assert rows[1].startswith("test,cube,10,0.2000,0.1200,0.3000,0.7,")


@pytest.fixture
def window():  # type: ignore[no-untyped-def]
    pytest.importorskip("PySide6")
    from agent.dashboard.window import Window, application, dispose

    app = application()
    asked: list[Command] = []
    queue: list[Snapshot | None] = []
    made = Window(lambda: queue.pop(0) if queue else None, asked.append, "tcp://somewhere")
    made.timer.stop()
    made.show()
    yield app, made, queue, asked
    dispose(made, app)


def test_the_window_draws_sixty_particles_and_missing_numbers(window) -> None:  # type: ignore[no-untyped-def]
    app, made, queue, _ = window
    assert "tcp://somewhere" in made.headline.text()
    full = snapshot(60)
    shapes = tuple(
        replace(s, count=0, fraction=float("nan"), fraction_low=0.0, fraction_high=1.0) for s in full.statistics.shapes
    )
    empty = replace(
        full,
        frame=None,
        statistics=replace(full.statistics, shapes=shapes),
        health=replace(full.health, latency_p50_ms=float("nan"), latency_p99_ms=float("nan")),
    )
    queue += [empty, full]
    for _ in range(3):
        made.pull()
        app.processEvents()
    image = made.grab().toImage()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    assert len(np.unique(pixels)) > 100
    assert "120 particles, each counted once" in made.headline.text()


def test_buttons_ask_for_what_they_say(window) -> None:  # type: ignore[no-untyped-def]
    _, made, queue, asked = window
    queue.append(snapshot())
    made.pull()
    made.pause.click()
    queue.append(replace(snapshot(), paused=True))
    made.pull()
    made.pause.click()
    made.slider.setValue(85)
    made.slider.sliderReleased.emit()
    assert asked == [Command(action="pause"), Command(action="resume"), Command(action="set_threshold", value=0.85)]


def test_a_problem_is_written_out(window) -> None:  # type: ignore[no-untyped-def]
    _, made, queue, _ = window
    source = snapshot()
    queue.append(replace(source, health=replace(source.health, last_problem="frame 3 has no pixel size")))
    made.pull()
    assert made.health._problem.text() == "PROBLEM: frame 3 has no pixel size"

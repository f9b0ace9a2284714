"""Real widgets and real snapshots, drawn without a screen."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.edge.errors import EdgeError
from protocol.command import Command
from protocol.errors import ProtocolError
from protocol.snapshot import Snapshot
from tests.examples import snapshot

# mypy does not check tests; fixtures and Qt objects are left without annotations here.
ENDPOINT = "tcp://somewhere:45011"


class AtOnce(Executor):
    """Runs what it is given before it returns."""

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        future: Future[object] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except EdgeError as error:
            future.set_exception(error)
        return future


class Stage:
    """A window, what it will pull, what it asked, and its clock."""

    def __init__(self) -> None:
        from agent.dashboard.window import Window, application

        self.app = application()
        self.asked: list[Command] = []
        self.queue: list[Snapshot | ProtocolError] = []
        self.now_s = 100.0
        self.refuse = ""
        self.window = Window(self._newest, self._ask, ENDPOINT, AtOnce(), lambda: self.now_s)
        self.window.timer.stop()
        self.window.resize(1366, 700)
        self.window.show()

    def _newest(self) -> Snapshot | None:
        item = self.queue.pop(0) if self.queue else None
        if isinstance(item, ProtocolError):
            raise item
        return item

    def _ask(self, command: Command) -> None:
        if self.refuse:
            raise EdgeError(self.refuse)
        self.asked.append(command)

    def show(self, *items: Snapshot | ProtocolError, later_s: float = 0.0) -> None:
        """Pull each, or nothing."""
        self.queue += items
        self.now_s += later_s
        for _ in items or (None,):
            self.window.pull()
        self.app.processEvents()

    def colours(self) -> int:
        image = self.window.grab().toImage()
        return len(np.unique(np.frombuffer(image.constBits(), np.uint32)))


@pytest.fixture
def stage():  # type: ignore[no-untyped-def]
    pytest.importorskip("PySide6")
    from agent.dashboard.window import dispose

    made = Stage()
    yield made
    dispose(made.window, made.app)


def test_an_empty_window_says_whom_it_waits_for(stage) -> None:  # type: ignore[no-untyped-def]
    assert ENDPOINT in stage.window.banner.text()
    assert not stage.window.controls.pause.isEnabled()


def test_the_window_draws_sixty_particles_and_missing_numbers(stage) -> None:  # type: ignore[no-untyped-def]
    full = snapshot(60)
    shapes = tuple(
        replace(s, count=0, fraction=float("nan"), fraction_low=0.0, fraction_high=1.0) for s in full.statistics.shapes
    )
    empty = replace(
        full,
        frame=None,
        run="before",
        statistics=replace(full.statistics, shapes=shapes, particles=0),
        health=replace(full.health, latency_p50_ms=float("nan"), latency_p99_ms=float("nan")),
    )
    stage.show(empty)
    assert stage.window.charts.shapes.note.toPlainText() == "no particle yet"
    before = stage.colours()
    stage.show(full, full)
    assert stage.colours() > before + 100
    assert stage.window.charts.shapes.note.toPlainText() == ""
    assert "120 particles, each counted once" in stage.window.headline.text()


def test_the_window_fits_a_small_laptop(stage) -> None:  # type: ignore[no-untyped-def]
    stage.show(snapshot(60))
    least = stage.window.minimumSizeHint()
    assert (stage.window.width(), stage.window.height()) == (1366, 700)
    assert least.width() <= 1366
    assert least.height() <= 700


@pytest.mark.parametrize("shape", [(1, 1), (24, 24), (3, 1024), (700, 20), (768, 768)])
def test_frames_of_any_shape_are_drawn(stage, shape: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    source = snapshot(2)
    assert source.frame is not None
    image = np.full(shape, 100, np.uint8)
    stage.show(replace(source, frame=replace(source.frame, image=image, shape_px=shape, scale=1.0)))
    (left, right), (top, bottom) = stage.window.frame.view.viewRange()
    assert left <= 0 < shape[1] <= right
    assert top <= 0 < shape[0] <= bottom


def test_zoom_stays_from_frame_to_frame(stage) -> None:  # type: ignore[no-untyped-def]
    source = snapshot(2)
    assert source.frame is not None
    stage.show(source)
    stage.window.frame.view.setRange(xRange=(100, 200), yRange=(100, 200), padding=0)
    zoomed = stage.window.frame.view.viewRange()
    stage.show(replace(source, number=6, frame=replace(source.frame, sequence=42)))
    assert stage.window.frame.view.viewRange() == zoomed


def test_a_silent_agent_is_told_and_forgiven_when_it_is_back(stage) -> None:  # type: ignore[no-untyped-def]
    stage.show(snapshot())
    assert stage.window.banner.text() == ""
    stage.show(later_s=10)
    assert "NO NEWS from the agent for 10 s" in stage.window.banner.text()
    stage.show(replace(snapshot(), number=1))
    assert stage.window.banner.text() == ""


def test_an_agent_of_another_version_is_named_and_a_good_one_takes_over(stage) -> None:  # type: ignore[no-untyped-def]
    stage.show(snapshot(), ProtocolError("snapshot: version 1 was promised, got 2"))
    assert "version 1 was promised, got 2" in stage.window.banner.text()
    assert "same version of beamside" in stage.window.banner.text()
    stage.show(snapshot())
    assert stage.window.banner.text() == ""


def test_a_problem_is_written_out(stage) -> None:  # type: ignore[no-untyped-def]
    source = snapshot()
    stage.show(replace(source, health=replace(source.health, last_problem="frame 3 has no pixel size")))
    assert "frame 3 has no pixel size" in stage.window.banner.text()


def test_buttons_ask_for_what_they_say(stage) -> None:  # type: ignore[no-untyped-def]
    controls = stage.window.controls
    stage.show(snapshot())
    controls.pause.click()
    stage.show(replace(snapshot(), paused=True))
    assert "PAUSED" in stage.window.banner.text()
    controls.pause.click()
    assert stage.asked == [Command(action="pause"), Command(action="resume")]
    stage.show()
    assert controls.message.text() == "resume: done"


def test_a_run_is_forgotten_only_after_a_second_click(stage) -> None:  # type: ignore[no-untyped-def]
    stage.show(snapshot())
    stage.window.controls.new_run.click()
    assert stage.asked == []
    stage.window.controls.new_run.click()
    assert stage.asked == [Command(action="new_run")]


def test_the_slider_asks_where_it_comes_to_rest_and_follows_the_agent(stage) -> None:  # type: ignore[no-untyped-def]
    controls = stage.window.controls
    stage.show(snapshot())
    assert controls.slider.value() == 70
    controls.slider.setValue(80)
    controls.slider.setValue(85)
    controls.settle.timeout.emit()
    assert stage.asked == [Command(action="set_threshold", value=0.85)]
    controls.settle.stop()
    stage.show(snapshot())
    assert controls.slider.value() == 85
    controls.patience.stop()
    stage.show(replace(snapshot(), threshold=0.4))
    assert controls.slider.value() == 40


def test_a_refusal_is_told(stage) -> None:  # type: ignore[no-untyped-def]
    stage.show(snapshot())
    stage.refuse = "the agent at tcp://somewhere did not answer within 2 s"
    stage.window.controls.pause.click()
    stage.show()
    assert stage.window.controls.message.text() == stage.refuse


def test_a_clicked_particle_is_told_until_let_go(stage) -> None:  # type: ignore[no-untyped-def]
    source = snapshot(4)
    assert source.frame is not None
    stage.show(source)
    stage.window.frame._click(2)
    assert "particle 2 · " in stage.window.frame.legend.detail.text()
    stage.window.frame._hover(1)
    assert "particle 1 · " in stage.window.frame.legend.detail.text()
    stage.window.frame._hover(None)
    assert "particle 2 · " in stage.window.frame.legend.detail.text()
    stage.window.frame._click(None)
    assert "point at a particle" in stage.window.frame.legend.detail.text()


def test_csv_is_saved_or_the_reason_told(stage, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    stage.window.save_csv(snapshot(), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").startswith("run,")
    stage.window.save_csv(snapshot(), tmp_path / "none" / "a.csv")
    assert "No such file" in stage.window.controls.message.text()


def test_the_same_snapshot_is_not_drawn_twice(stage) -> None:  # type: ignore[no-untyped-def]
    stage.show(snapshot(60))
    drawn: list[object] = []
    stage.window.frame.marks.update = lambda: drawn.append(1)
    stage.show(snapshot(60), snapshot(60))
    assert drawn == []
    stage.show(replace(snapshot(60), threshold=0.9))
    assert drawn == [1]


def test_precision_instruction_set_and_model_can_be_read_at_the_usual_width(stage) -> None:  # type: ignore[no-untyped-def]
    from agent.dashboard.window import SIZE_PX

    source = snapshot()
    backend, model = "onnxruntime-cpu int8 on AVX-512 VNNI (no NVIDIA driver)", "model 4 (cc94903f, 7949fb39)"
    stage.window.resize(*SIZE_PX)
    stage.show(replace(source, health=replace(source.health, backend=backend, model=model)))
    for label, shown, whole in (("backend", "int8, AVX-512 VNNI", backend), ("model", "model 4", model)):
        value = stage.window.health.values[label]
        assert (value.text(), value.toolTip()) == (shown, f"{label}: {whole}")
        assert value.fontMetrics().horizontalAdvance(value.text()) <= value.contentsRect().width() - 6

"""The dashboard's window: widgets in their places, one timer that pulls the newest snapshot.

`python -m agent.dashboard.window` is the process that `beamside live` and `beamside dashboard` start.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyqtgraph as pg
from PySide6 import QtCore, QtGui, QtWidgets

from agent.dashboard.charts_widget import ChartsWidget
from agent.dashboard.colours import BACKGROUND, TEXT
from agent.dashboard.export_csv import to_csv
from agent.dashboard.frame_widget import FrameWidget
from agent.dashboard.health_widget import HealthWidget
from agent.dashboard.view_state import resolve
from agent.edge.commands import send_command
from agent.edge.errors import EdgeError
from agent.edge.subscribe import SnapshotSubscriber
from protocol.command import Command
from protocol.errors import ProtocolError
from protocol.snapshot import Snapshot
from protocol.snapshot_wire import decode_snapshot

PULL_EVERY_MS = 100
SIZE_PX = (1440, 900)


class Window(QtWidgets.QMainWindow):
    """Shows what `newest` gives; asks through `ask`."""

    def __init__(
        self, newest: Callable[[], Snapshot | None], ask: Callable[[Command], None], waiting_for: str = ""
    ) -> None:
        super().__init__()
        self._newest, self._ask = newest, ask
        self._snapshot: Snapshot | None = None
        self.setWindowTitle("beamside")
        self.resize(*SIZE_PX)
        self.setStyleSheet(f"background-color: {BACKGROUND}; color: {TEXT}; font-size: 13px;")
        self.frame, self.charts, self.health = FrameWidget(), ChartsWidget(), HealthWidget()
        self.headline = QtWidgets.QLabel(f"waiting for an agent on {waiting_for}" if waiting_for else "")
        self.headline.setStyleSheet("font-size: 20px; font-weight: bold;")
        self._message = QtWidgets.QLabel()
        self._build()
        self.timer = QtCore.QTimer(self)
        self.timer.timeout.connect(self.pull)
        self.timer.start(PULL_EVERY_MS)

    def _build(self) -> None:
        self.pause = QtWidgets.QPushButton("Pause")
        self.pause.clicked.connect(self._pause)
        new_run = QtWidgets.QPushButton("New run")
        new_run.clicked.connect(lambda: self._send(Command(action="new_run")))
        png, csv = QtWidgets.QPushButton("Save PNG"), QtWidgets.QPushButton("Save CSV")
        png.clicked.connect(self._choose_png)
        csv.clicked.connect(self._choose_csv)
        self.slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self.slider.setRange(0, 99)
        self.slider.sliderReleased.connect(self._threshold)
        self.slider_text = QtWidgets.QLabel("name a shape when at least … sure")
        buttons = QtWidgets.QHBoxLayout()
        for widget in (self.pause, new_run, png, csv, self.slider_text):
            buttons.addWidget(widget)
        buttons.addWidget(self.slider, 1)
        buttons.addWidget(self._message)
        right = QtWidgets.QVBoxLayout()
        right.addWidget(self.headline)
        right.addWidget(self.charts, 1)
        panes = QtWidgets.QHBoxLayout()
        panes.addWidget(self.frame, 11)
        panes.addLayout(right, 9)
        whole = QtWidgets.QVBoxLayout()
        whole.addLayout(panes, 1)
        whole.addLayout(buttons)
        whole.addWidget(self.health)
        body = QtWidgets.QWidget()
        body.setLayout(whole)
        self.setCentralWidget(body)

    def pull(self) -> None:
        """Draw the newest snapshot; without a new one only its age is drawn anew."""
        try:
            newest = self._newest()
        except ProtocolError as error:
            self._message.setText(str(error))
            return
        if newest is not None:
            self._snapshot = newest
            self.show_snapshot(newest, time.time())
        elif self._snapshot is not None:
            self.health.show_state(resolve(self._snapshot, time.time()))

    def show_snapshot(self, snapshot: Snapshot, now_s: float) -> None:
        """Draw one snapshot as seen at a time."""
        state = resolve(snapshot, now_s)
        self.headline.setText(("PAUSED   " if state.paused else "") + state.headline)
        self.frame.show_state(state)
        self.charts.show_state(state)
        self.health.show_state(state)
        self.pause.setText("Resume" if state.paused else "Pause")
        if not self.slider.isSliderDown():
            self.slider.setValue(round(100 * state.threshold))
        self.slider_text.setText(f"name a shape when at least {state.threshold:.0%} sure")

    def _pause(self) -> None:
        self._send(Command(action="resume" if self._snapshot is not None and self._snapshot.paused else "pause"))

    def _threshold(self) -> None:
        self._send(Command(action="set_threshold", value=self.slider.value() / 100))

    def _send(self, command: Command) -> None:
        try:
            self._ask(command)
        except EdgeError as error:
            self._message.setText(str(error))

    def _choose_png(self) -> None:
        name, _ = QtWidgets.QFileDialog.getSaveFileName(self, "Save PNG", "beamside.png", "*.png")
        if name and not self.grab().save(name):
            self._message.setText(f"cannot write {name}")

    def _choose_csv(self) -> None:
        name, _ = QtWidgets.QFileDialog.getSaveFileName(self, "Save CSV", "beamside.csv", "*.csv")
        if name and self._snapshot is not None:
            try:
                Path(name).write_text(to_csv(self._snapshot), encoding="utf-8")
            except OSError as error:
                self._message.setText(f"cannot write {name}: {error.strerror}")


def application() -> QtWidgets.QApplication:
    """The one Qt application of this process."""
    existing = QtWidgets.QApplication.instance()
    if isinstance(existing, QtWidgets.QApplication):
        return existing
    pg.setConfigOptions(background=BACKGROUND, foreground=TEXT, imageAxisOrder="row-major", antialias=True)
    return QtWidgets.QApplication(sys.argv[:1])


def dispose(window: Window, app: QtWidgets.QApplication) -> None:
    """Take a window down while the application still stands: left to the interpreter's end, Qt crashes there."""
    window.timer.stop()
    window.close()
    window.deleteLater()
    app.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
    app.processEvents()


def picture(snapshot: Snapshot, now_s: float) -> QtGui.QPixmap:
    """The window of one snapshot as a picture."""
    app = application()
    window = Window(lambda: None, lambda command: None)
    window.timer.stop()
    window.show()
    window.show_snapshot(snapshot, now_s)
    for _ in range(3):
        app.processEvents()
    grabbed = window.grab()
    dispose(window, app)
    return grabbed


def main(arguments: list[str] | None = None) -> int:
    """Command line of the window's process."""
    parser = argparse.ArgumentParser(prog="python -m agent.dashboard.window")
    parser.add_argument("--snapshots", default="tcp://127.0.0.1:45011")
    parser.add_argument("--commands", default="tcp://127.0.0.1:45012")
    parser.add_argument("--picture", nargs=2, type=Path, metavar=("SNAPSHOT", "PNG"))
    options = parser.parse_args(arguments)
    if options.picture:
        snapshot = decode_snapshot(options.picture[0].read_bytes())
        return 0 if picture(snapshot, snapshot.created_time_s).save(str(options.picture[1])) else 2
    app = application()
    with SnapshotSubscriber(options.snapshots) as subscriber:
        window = Window(subscriber.newest, lambda c: send_command(options.commands, c), options.snapshots)
        window.show()
        code = app.exec()
        dispose(window, app)
        return code


if __name__ == "__main__":
    sys.exit(main())

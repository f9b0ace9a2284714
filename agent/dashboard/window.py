"""The dashboard's window: widgets in their places, one timer that pulls the newest snapshot."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pyqtgraph as pg
from PySide6 import QtCore, QtGui, QtWidgets

from agent.dashboard.state.command_sender import CommandSender
from agent.dashboard.state.csv_export import to_csv
from agent.dashboard.state.health import Viewer
from agent.dashboard.state.palette import BACKGROUND, TEXT
from agent.dashboard.state.view import ViewState, resolve
from agent.dashboard.widgets.charts import ChartsWidget
from agent.dashboard.widgets.controls import ControlsWidget
from agent.dashboard.widgets.frame import FrameWidget
from agent.dashboard.widgets.health import BannerWidget, ElidedLabel, HealthWidget
from agent.edge.transport.commands import send_command
from agent.edge.transport.snapshot_subscriber import SnapshotSubscriber
from protocol.command import Command
from protocol.errors import ProtocolError
from protocol.snapshot import Snapshot

PULL_EVERY_MS = 100
CHARTS_EVERY_S = 1.0
"""Statistics of a run change slowly; the live frame has the time."""
SIZE_PX = (1440, 900)
SMALLEST_PX = (1000, 600)
STYLE = (
    f"* {{ background-color: {BACKGROUND}; color: {TEXT}; font-size: 13px; }}"
    "QPushButton { background-color: #2B3036; border: 1px solid #4A5158; border-radius: 3px; padding: 3px 10px; }"
    "QPushButton:hover { background-color: #3A4149; } QPushButton:disabled { color: #6A7076; }"
    "QToolTip { background-color: #2B3036; }"
)


class Window(QtWidgets.QMainWindow):
    """Shows what `newest` gives; asks through `ask`, which may block: it runs on the executor."""

    def __init__(
        self,
        newest: Callable[[], Snapshot | None],
        ask: Callable[[Command], None],
        endpoint: str,
        executor: Executor,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        # What is known: the newest snapshot, when it and its frame came, and what of them is drawn.
        self._newest, self._clock = newest, clock
        self._sender = CommandSender(ask, executor)
        self._endpoint, self._fault = endpoint, ""
        self._snapshot: Snapshot | None = None
        self._picked: int | None = None
        self._shown: tuple[object, ...] | None = None
        self._news_s = self._frame_s = self._charts_s = clock()
        self._charts_of: tuple[object, ...] | None = None
        # What is seen, drawn once before anything has come.
        self.setWindowTitle("beamside")
        self.setMinimumSize(*SMALLEST_PX)
        self.setStyleSheet(STYLE)
        self.headline, self.banner = ElidedLabel(), BannerWidget()
        self.frame, self.charts, self.health = FrameWidget(self._pick), ChartsWidget(), HealthWidget()
        self.controls = ControlsWidget(self._send)
        self._build()
        self._draw()
        # From here on a timer pulls; nothing is pushed into the drawing thread.
        self.timer = QtCore.QTimer(self)
        self.timer.timeout.connect(self.pull)
        self.timer.start(PULL_EVERY_MS)

    def _build(self) -> None:
        self.controls.png.clicked.connect(self._choose_png)
        self.controls.csv.clicked.connect(self._choose_csv)
        self.headline.setStyleSheet("font-size: 17px; font-weight: bold;")
        # Top: how many particles, and what must be read first.
        top = QtWidgets.QHBoxLayout()
        top.addWidget(self.headline, 9)
        top.addWidget(self.banner, 11)
        # Middle: the frame and the charts, which take what the lines above and below leave.
        panes = QtWidgets.QHBoxLayout()
        panes.addWidget(self.frame, 11)
        panes.addWidget(self.charts, 9)
        # The whole, from top to bottom.
        whole = QtWidgets.QVBoxLayout()
        whole.setContentsMargins(8, 4, 8, 6)
        whole.setSpacing(4)
        whole.addLayout(top)
        whole.addLayout(panes, 1)
        whole.addWidget(self.controls)
        whole.addWidget(self.health)
        body = QtWidgets.QWidget()
        body.setLayout(whole)
        self.setCentralWidget(body)

    def pull(self) -> None:
        """Take the newest snapshot if there is one, and draw what has changed; its age always has."""
        try:
            newest = self._newest()
        except ProtocolError as error:
            self._fault = str(error)
        else:
            if newest is not None:
                self._take(newest)
        for command, fault in self._sender.outcomes():
            self.controls.say(fault or f"{command.action.replace('_', ' ')}: done")
        self._draw()

    def _take(self, snapshot: Snapshot) -> None:
        self._snapshot, self._fault = snapshot, ""
        self._news_s = self._clock()
        frame = snapshot.frame
        shown = None if frame is None else (snapshot.run, frame.sequence, frame.camera_time_s)
        if shown != self._shown:
            self._shown, self._frame_s = shown, self._news_s

    def state(self) -> ViewState:
        """What is to be drawn now."""
        now_s = self._clock()
        viewer = Viewer(
            endpoint=self._endpoint,
            silent_s=now_s - self._news_s,
            frame_age_s=now_s - self._frame_s,
            fault=self._fault,
            picked=self._picked,
        )
        return resolve(self._snapshot, viewer)

    def _draw(self) -> None:
        state = self.state()
        self.headline.setText(state.headline)
        for widget in (self.banner, self.frame, self.controls, self.health):
            widget.show_state(state)
        # The charts wait for their second, unless the operator has changed what they show.
        asked = (state.threshold, state.styles, None if self._snapshot is None else self._snapshot.run)
        if self._clock() - self._charts_s >= CHARTS_EVERY_S or asked != self._charts_of:
            self._charts_s, self._charts_of = self._clock(), asked
            self.charts.show_state(state)

    def _pick(self, track: int | None) -> None:
        if track != self._picked:
            self._picked = track
            self._draw()

    def _send(self, command: Command) -> None:
        self.controls.say(f"{command.action.replace('_', ' ')} …")
        self._sender.send(command)

    def _choose_png(self) -> None:
        grabbed = self.grab()
        name, _ = QtWidgets.QFileDialog.getSaveFileName(self, "Save PNG", f"{self._file_name()}.png", "*.png")
        if name:
            self.controls.say(f"saved {name}" if grabbed.save(name) else f"cannot write {name}")

    def _choose_csv(self) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            return
        name, _ = QtWidgets.QFileDialog.getSaveFileName(self, "Save CSV", f"{self._file_name()}.csv", "*.csv")
        if name:
            self.save_csv(snapshot, Path(name))

    def save_csv(self, snapshot: Snapshot, path: Path) -> None:
        """Write it and say so, or why not."""
        try:
            path.write_text(to_csv(snapshot), encoding="utf-8")
        except OSError as error:
            self.controls.say(f"cannot write {path}: {error.strerror}")
        else:
            self.controls.say(f"saved {path}")

    def _file_name(self) -> str:
        if self._snapshot is None:
            return "beamside"
        safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in self._snapshot.run)
        return time.strftime(f"beamside-{safe}-%Y%m%d-%H%M%S")


def application() -> QtWidgets.QApplication:
    """The one Qt application of this process."""
    existing = QtWidgets.QApplication.instance()
    if isinstance(existing, QtWidgets.QApplication):
        return existing
    pg.setConfigOptions(background=BACKGROUND, foreground=TEXT, imageAxisOrder="row-major", antialias=True)
    return QtWidgets.QApplication(sys.argv[:1])


def dispose(window: QtWidgets.QWidget, app: QtWidgets.QApplication) -> None:
    """Take a window down while the application still stands: left to the interpreter's end, Qt crashes there."""
    if isinstance(window, Window):
        window.timer.stop()
    window.close()
    window.deleteLater()
    app.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
    app.processEvents()


def picture(snapshot: Snapshot) -> QtGui.QPixmap:
    """The window of one snapshot, just arrived, as a picture."""
    app = application()
    given = [snapshot]
    with ThreadPoolExecutor(1) as executor:
        window = Window(lambda: given.pop() if given else None, lambda command: None, "", executor, lambda: 0.0)
        window.timer.stop()
        window.resize(*SIZE_PX)
        window.show()
        for _ in range(3):
            window.pull()
            app.processEvents()
        grabbed = window.grab()
        dispose(window, app)
    return grabbed


def show(snapshots: str, commands: str, on_end: Callable[[Callable[[], object]], None]) -> int:
    """The window until it is closed or the process is asked to end, of which `on_end` tells the application.

    Raises:
        EdgeError: the address of the snapshots is none.
    """
    app = application()
    on_end(app.quit)
    with SnapshotSubscriber(snapshots) as subscriber, ThreadPoolExecutor(1) as executor:
        window = Window(subscriber.newest, lambda c: send_command(commands, c), snapshots, executor)
        room = app.primaryScreen().availableGeometry()
        window.resize(min(SIZE_PX[0], room.width()), min(SIZE_PX[1], room.height() - 40))
        window.show()
        code: int = app.exec()
        dispose(window, app)
        return code

"""The operator's buttons and the threshold: what is asked is shown as asked until a snapshot shows it done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6 import QtCore, QtWidgets

from agent.dashboard.state.view import ViewState
from protocol.command import Command

SETTLE_MS = 300
"""Arrow keys move the slider step by step: it is asked for where it comes to rest."""
PATIENCE_MS = 3000
"""A threshold that was asked for is shown so long before the agent's own is shown again; so long a second click has."""


class ControlsWidget(QtWidgets.QWidget):
    """Asks through `send`; saving is the window's."""

    def __init__(self, send: Callable[[Command], None]) -> None:
        super().__init__()
        self._send = send
        self._paused = False
        self.pause, self.new_run = QtWidgets.QPushButton("Pause"), QtWidgets.QPushButton("New run")
        self.png, self.csv = QtWidgets.QPushButton("Save PNG"), QtWidgets.QPushButton("Save CSV")
        self.slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider_text, self.message = QtWidgets.QLabel(), QtWidgets.QLabel()
        self.settle, self.patience, self.sure = (QtCore.QTimer(self, singleShot=True) for _ in range(3))
        self._connect()
        # One row: buttons, the threshold, and what is to be said of the last thing that was asked.
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.pause, self.new_run, self.png, self.csv, self.slider_text):
            row.addWidget(widget)
        row.addWidget(self.slider, 2)
        row.addWidget(self.message, 3)
        self._say_threshold(self.slider.value())

    def _connect(self) -> None:
        self.pause.clicked.connect(lambda: self._send(Command(action="resume" if self._paused else "pause")))
        self.new_run.clicked.connect(self._new_run)
        self.sure.timeout.connect(lambda: self.new_run.setText("New run"))
        self.slider.valueChanged.connect(self._moved)
        self.settle.timeout.connect(self._threshold)

    def show_state(self, state: ViewState) -> None:
        """Draw a state."""
        self._paused = state.paused
        self.pause.setText("Resume" if state.paused else "Pause")
        known = state.threshold is not None
        for widget in (self.pause, self.new_run, self.slider, self.csv):
            widget.setEnabled(known)
        # The agent's threshold moves the slider, unless the operator has just moved it and waits for an answer.
        held = self.slider.isSliderDown() or self.settle.isActive() or self.patience.isActive()
        if state.threshold is not None:
            percent = round(100 * state.threshold)
            if percent == self.slider.value():
                self.patience.stop()
            elif not held:
                self.slider.blockSignals(True)
                self.slider.setValue(percent)
                self.slider.blockSignals(False)
                self._say_threshold(percent)

    def say(self, text: str) -> None:
        """The newest thing to say of what was asked."""
        self.message.setText(text)
        self.message.setToolTip(text)

    def _moved(self, percent: int) -> None:
        self._say_threshold(percent)
        self.settle.start(SETTLE_MS)

    def _threshold(self) -> None:
        if self.slider.isSliderDown():
            self.settle.start(SETTLE_MS)
            return
        self.patience.start(PATIENCE_MS)
        self._send(Command(action="set_threshold", value=self.slider.value() / 100))

    def _new_run(self) -> None:
        if not self.sure.isActive():
            self.new_run.setText("Forget this run?")
            self.sure.start(PATIENCE_MS)
            return
        self.sure.stop()
        self.new_run.setText("New run")
        self._send(Command(action="new_run"))

    def _say_threshold(self, percent: int) -> None:
        self.slider_text.setText(f"name a shape when at least {percent:3d} % sure")

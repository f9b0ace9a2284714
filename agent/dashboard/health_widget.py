"""How the pipeline does, in words."""

from __future__ import annotations

from PySide6 import QtWidgets

from agent.dashboard.colours import BAD
from agent.dashboard.view_state import ViewState


class HealthWidget(QtWidgets.QWidget):
    """One line of labelled values, and the newest problem under it."""

    def __init__(self) -> None:
        super().__init__()
        self._values = QtWidgets.QLabel()
        self._values.setWordWrap(True)
        self._problem = QtWidgets.QLabel()
        self._problem.setWordWrap(True)
        self._problem.setStyleSheet(f"color: {BAD}; font-weight: bold;")
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.addWidget(self._values)
        layout.addWidget(self._problem)

    def show_state(self, state: ViewState) -> None:
        """Draw a state."""
        parts = [
            f'<span style="color:#9AA0A6">{label}</span>&nbsp;<b style="color:{colour}">{value}</b>'
            for label, value, colour in state.health
        ]
        self._values.setText(" &nbsp;&nbsp; ".join(parts))
        self._problem.setText(f"PROBLEM: {state.problem}" if state.problem else "")
        self._problem.setVisible(bool(state.problem))

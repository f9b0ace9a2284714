"""How the pipeline does: a row of labelled values at fixed places, and the banner above everything."""

from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets

from agent.dashboard.state.health import Banner, Cell
from agent.dashboard.state.palette import BAD, FAINT, PANEL, TEXT, WARNING
from agent.dashboard.state.view import ViewState

STRETCH = {
    "state": 6,
    "analysed": 5,
    "not analysed": 8,
    "frames/s": 8,
    "model": 5,
    "latency p50 / p99": 7,
    "backend": 10,
}
SIGNS = {"ok": "", "warn": "▲ ", "bad": "✖ "}
"""Trouble is told by a sign too, not by colour alone."""
FILL = {"ok": PANEL, "warn": WARNING, "bad": BAD}


class HealthWidget(QtWidgets.QWidget):
    """One column a value, so that nothing jumps when a number grows."""

    def __init__(self) -> None:
        super().__init__()
        self._row = QtWidgets.QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self.values: dict[str, QtWidgets.QLabel] = {}
        self._drawn: dict[str, Cell] = {}

    def show_state(self, state: ViewState) -> None:
        """Draw what differs."""
        for cell in state.health:
            if cell.label not in self.values:
                self._add(cell.label)
            if self._drawn.get(cell.label) != cell:
                self._draw(cell)

    def _add(self, label: str) -> None:
        column = QtWidgets.QVBoxLayout()
        column.setSpacing(0)
        caption = QtWidgets.QLabel(label)
        caption.setStyleSheet(f"color: {FAINT}; font-size: 11px;")
        value = ElidedLabel()
        column.addWidget(caption)
        column.addWidget(value)
        self._row.addLayout(column, STRETCH.get(label, 4))
        self.values[label] = value

    def _draw(self, cell: Cell) -> None:
        # Colours are parsed anew by every style sheet, so one is set only where the level changes.
        value = self.values[cell.label]
        before = self._drawn.get(cell.label)
        value.setText(SIGNS[cell.level] + cell.value)
        value.setToolTip(f"{cell.label}: {cell.whole or cell.value}")
        if before is None or before.level != cell.level:
            value.setStyleSheet(_style(cell.level))
        self._drawn[cell.label] = cell


class BannerWidget(QtWidgets.QLabel):
    """Always there and of one height, so that an alarm moves nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setFixedHeight(38)
        self._drawn: Banner | None = None

    def show_state(self, state: ViewState) -> None:
        """Draw a state."""
        if state.banner == self._drawn:
            return
        self._drawn = state.banner
        self.setText(SIGNS[state.banner.level] + state.banner.text)
        self.setToolTip(state.banner.text)
        empty = not state.banner.text
        self.setStyleSheet("background: transparent;" if empty else _style(state.banner.level) + "font-size: 13px;")


class ElidedLabel(QtWidgets.QLabel):
    """Text that ends in … where the room ends, instead of asking for more room."""

    def minimumSizeHint(self) -> QtCore.QSize:
        """As narrow as need be."""
        return QtCore.QSize(20, super().minimumSizeHint().height())

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """The style's background, then the text."""
        # The style sheet's background first, as Qt draws it for a plain widget.
        painter = QtGui.QPainter(self)
        option = QtWidgets.QStyleOption()
        option.initFrom(self)
        self.style().drawPrimitive(QtWidgets.QStyle.PrimitiveElement.PE_Widget, option, painter, self)
        # Then as much of the text as there is room for.
        room = self.contentsRect().adjusted(4, 0, -2, 0)
        text = self.fontMetrics().elidedText(self.text(), QtCore.Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, QtCore.Qt.AlignmentFlag.AlignVCenter | QtCore.Qt.AlignmentFlag.AlignLeft, text)
        painter.end()


def _style(level: str) -> str:
    ink = TEXT if level == "ok" else "#000000"
    shape = "font-size: 12px; font-weight: bold; padding: 1px 4px; border-radius: 3px;"
    return f"background-color: {FILL[level]}; color: {ink}; {shape}"

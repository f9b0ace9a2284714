"""The live frame with its particles outlined."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6 import QtCore, QtGui, QtWidgets

from agent.dashboard.colours import TEXT
from agent.dashboard.view_state import Mark, ViewState


class FrameWidget(QtWidgets.QWidget):
    """Image, outlines with labels, scale bar, and a line of text."""

    def __init__(self) -> None:
        super().__init__()
        self._label = QtWidgets.QLabel("waiting for the first frame")
        graphics = pg.GraphicsLayoutWidget()
        self._view = graphics.addViewBox(lockAspect=True, invertY=True, enableMenu=False)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._view.addItem(self._image)
        self._items: list[pg.GraphicsObject] = []
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._label)
        layout.addWidget(graphics, 1)

    def show_state(self, state: ViewState) -> None:
        """Draw a state."""
        self._label.setText(state.frame_text)
        if state.image is None:
            return
        self._image.setImage(state.image, autoLevels=False, levels=(0, 255))
        for item in self._items:
            self._view.removeItem(item)
        self._items = [item for mark in state.marks for item in _drawn(mark)]
        height, width = state.image.shape
        x, y = width * 0.03, height * 0.97
        bar = pg.PlotCurveItem([x, x + state.scale_bar_px], [y, y], pen=pg.mkPen("#FFFFFF", width=6))
        text = _text(state.scale_bar_text, "#FFFFFF", 13)
        text.setAnchor((0, 1))
        text.setPos(x, y - height * 0.01)
        self._items += [bar, text]
        for item in self._items:
            self._view.addItem(item, ignoreBounds=True)
        self._view.setRange(QtCore.QRectF(0, 0, width, height), padding=0)


def _drawn(mark: Mark) -> tuple[pg.GraphicsObject, pg.GraphicsObject]:
    # Grey would vanish on a grey image: what has no name is outlined thinly in white.
    pen = pg.mkPen("#FFFFFF", width=1) if mark.nameless else pg.mkPen(mark.colour, width=3)
    curve = pg.PlotCurveItem(mark.outline[:, 0], mark.outline[:, 1], pen=pen)
    label = _text(mark.text, mark.colour if not mark.nameless else TEXT, 9)
    label.setPos(float(mark.x), float(mark.outline[:, 1].max()))
    label.setAnchor((0.5, 0.0))
    return curve, label


def _text(text: str, colour: str, points: int) -> pg.TextItem:
    item = pg.TextItem(text, color=colour, fill=pg.mkBrush(0, 0, 0, 150))
    font = QtGui.QFont()
    font.setPointSize(points)
    font.setBold(True)
    item.setFont(font)
    return item

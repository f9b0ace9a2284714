"""All outlines and labels of a frame as one graphics item: sixty particles cost one repaint, not sixty items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6 import QtCore, QtGui, QtWidgets

from agent.dashboard.state.frame import Mark, at_point
from agent.dashboard.state.label_layout import place_labels
from agent.dashboard.state.palette import TEXT

FONT_PX = 12
RIM = QtGui.QColor("#000000")
SHADE = QtGui.QColor(0, 0, 0, 170)


class MarksItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no annotations
    """Coordinates are pixels of the shown image; lines and letters keep their size on the screen."""

    def __init__(self, hovered: Callable[[int | None], None], clicked: Callable[[int | None], None]) -> None:
        super().__init__()
        self._hovered, self._clicked = hovered, clicked
        self._marks: tuple[Mark, ...] = ()
        self._polygons: list[QtGui.QPolygonF] = []
        self._size = (1.0, 1.0)
        self._placed: tuple[float, NDArray[np.float64], NDArray[np.float64]] | None = None
        self._font = QtGui.QFont()
        self._font.setPixelSize(FONT_PX)
        self._font.setBold(True)
        self._metrics = QtGui.QFontMetricsF(self._font)

    def set_marks(self, marks: tuple[Mark, ...], width: int, height: int) -> None:
        """Draw these from now on."""
        if self._size != (float(width), float(height)):
            self.prepareGeometryChange()
            self._size = (float(width), float(height))
        # What is known is drawn, and its label placed, before what is not.
        self._marks = tuple(sorted(marks, key=lambda m: not m.known))
        self._polygons = [pg.functions.arrayToQPolygonF(*m.outline.T) for m in self._marks]
        self._placed = None
        self.update()

    def boundingRect(self) -> QtCore.QRectF:
        """The image."""
        return QtCore.QRectF(0, 0, *self._size)

    def paint(
        self,
        painter: QtGui.QPainter,
        option: QtWidgets.QStyleOptionGraphicsItem,
        widget: QtWidgets.QWidget | None = None,
    ) -> None:
        """Outlines with a dark rim, that both show on bright and on dark fringes; then labels."""
        smooth = QtGui.QPainter.RenderHint.Antialiasing
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        for mark, polygon in zip(self._marks, self._polygons, strict=True):
            width = (2.5 if mark.known else 1.3) + (2.0 if mark.picked else 0.0)
            # Opaque and without smoothing: a translucent smooth rim costs thirty times as much.
            painter.setRenderHint(smooth, False)
            painter.setPen(_pen(RIM, width + 2))
            painter.drawPolygon(polygon)
            painter.setRenderHint(smooth, True)
            painter.setPen(_pen(QtGui.QColor("#FFFFFF" if mark.picked or not mark.known else mark.colour), width))
            painter.drawPolygon(polygon)
        self._paint_labels(painter)

    def _paint_labels(self, painter: QtGui.QPainter) -> None:
        if not self._marks:
            return
        # Letters keep their size on the screen, so they are painted in its pixels and not in the image's.
        to_screen = painter.worldTransform()
        corners, sizes = self._places(to_screen.m11())
        painter.save()
        painter.resetTransform()
        painter.setFont(self._font)
        for mark, corner, size in zip(self._marks, corners, sizes, strict=True):
            box = QtCore.QRectF(to_screen.map(QtCore.QPointF(*corner)), QtCore.QSizeF(*size))
            painter.fillRect(box, SHADE)
            painter.setPen(QtGui.QColor(mark.colour if mark.known else TEXT))
            painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, mark.text)
        painter.restore()

    def _places(self, scale: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(upper left corners in pixels of the image, sizes in pixels of the screen), anew when either changed."""
        if self._placed is None or self._placed[0] != scale:
            sizes = np.array(
                [(self._metrics.horizontalAdvance(m.text) + 4, self._metrics.height()) for m in self._marks]
            )
            boxes = np.array([(*m.outline.min(0), *m.outline.max(0)) for m in self._marks])
            boxes = np.clip(boxes, 0, [*self._size, *self._size])
            self._placed = (scale, place_labels(boxes, sizes / scale, *self._size), sizes)
        return self._placed[1], self._placed[2]

    def hoverEvent(self, event: Any) -> None:
        """The particle under the pointer."""
        self._hovered(None if event.isExit() else at_point(self._marks, event.pos().x(), event.pos().y()))

    def mouseClickEvent(self, event: Any) -> None:
        """A click holds a particle, a click beside lets go; a double click is the view's."""
        if event.double() or event.button() != QtCore.Qt.MouseButton.LeftButton:
            event.ignore()
            return
        event.accept()
        self._clicked(at_point(self._marks, event.pos().x(), event.pos().y()))


def _pen(colour: QtGui.QColor, width: float) -> QtGui.QPen:
    pen = QtGui.QPen(colour, width)
    pen.setCosmetic(True)
    return pen

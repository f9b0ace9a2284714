"""The live frame with its particles outlined, a scale bar, and the legend below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyqtgraph as pg
from PySide6 import QtCore, QtGui, QtWidgets

from agent.dashboard.state.frame import FrameState
from agent.dashboard.state.view import ViewState
from agent.dashboard.widgets.legend import LegendWidget
from agent.dashboard.widgets.outlines import MarksItem


class FrameWidget(QtWidgets.QWidget):
    """`picked_changed` is called with the track that is pointed at or was clicked, or None."""

    def __init__(self, picked_changed: Callable[[int | None], None]) -> None:
        super().__init__()
        self._picked_changed = picked_changed
        self._held: int | None = None
        self._drawn: FrameState | None = None
        # The picture and what is drawn over it share one view, so that they zoom and move together.
        self._label = QtWidgets.QLabel("no frame yet")
        self.graphics = graphics = pg.GraphicsLayoutWidget()
        graphics.ci.layout.setContentsMargins(0, 0, 0, 0)
        self.view = graphics.addViewBox(lockAspect=True, invertY=True, enableMenu=False)
        self._image = pg.ImageItem(axisOrder="row-major")
        self.marks = MarksItem(self._hover, self._click)
        self._bar = _ScaleBar(self.view, self._image)
        for item in (self._image, self.marks):
            self.view.addItem(item)
        graphics.scene().sigMouseClicked.connect(self._double_click)
        # The line of text above, the legend below; all the rest of the room is the picture's.
        self.legend = LegendWidget()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._label)
        layout.addWidget(graphics, 1)
        layout.addWidget(self.legend)

    def show_state(self, state: ViewState) -> None:
        """Draw what differs from what is drawn."""
        self.legend.show_state(state)
        frame, before = state.frame, self._drawn
        # Without a frame, as after a new run was begun, nothing old may stay.
        if frame is None:
            if before is not None:
                self._image.clear()
                self.marks.set_marks((), 1, 1)
                self._bar.hide()
            self._label.setText("no frame yet")
            self._drawn = None
            return
        # Each part is drawn anew only when what it shows has changed; a new size shows the whole frame again.
        self._label.setText(frame.text)
        if before is None or before.image_key != frame.image_key:
            self._image.setImage(frame.image, autoLevels=False, levels=(0, 255))
        if before is None or before.key != frame.key:
            height, width = frame.image.shape
            self.marks.set_marks(frame.marks, width, height)
        if before is None or before.image.shape != frame.image.shape:
            self._show_all(frame)
        self._bar.show_bar(frame.scale_bar_px, frame.scale_bar_text)
        self._drawn = frame

    def _show_all(self, frame: FrameState) -> None:
        height, width = frame.image.shape
        self.view.setRange(QtCore.QRectF(0, 0, width, height), padding=0)

    def _double_click(self, event: Any) -> None:
        if event.double() and self._drawn is not None:
            self._show_all(self._drawn)

    def _hover(self, track: int | None) -> None:
        self._picked_changed(self._held if track is None else track)

    def _click(self, track: int | None) -> None:
        self._held = track
        self._picked_changed(track)


class _ScaleBar:
    """In the lower left corner of what is seen, whatever the zoom."""

    def __init__(self, view: Any, image: Any) -> None:
        self._view, self._image = view, image
        self._length_px = 0.0
        self._line = QtWidgets.QGraphicsRectItem(view)
        self._line.setBrush(QtGui.QColor("#FFFFFF"))
        self._line.setPen(QtGui.QPen(QtGui.QColor("#000000")))
        self._text = pg.LabelItem("", parent=view, color="#FFFFFF", size="14px", bold=True)
        self._shade = QtWidgets.QGraphicsRectItem(view)
        self._shade.setBrush(QtGui.QColor(0, 0, 0, 150))
        self._shade.setPen(QtGui.QPen(QtCore.Qt.PenStyle.NoPen))
        for depth, item in enumerate((self._shade, self._line, self._text)):
            item.setZValue(100 + depth)
            item.hide()
        view.sigRangeChanged.connect(self._place)
        view.sigResized.connect(self._place)

    def show_bar(self, length_px: float, text: str) -> None:
        """A bar of so many pixels of the image."""
        if (length_px, text) != (self._length_px, self._text.text):
            self._length_px = length_px
            self._text.setText(text)
        if not self._line.isVisible():
            for item in (self._shade, self._line, self._text):
                item.show()
        self._place()

    def hide(self) -> None:
        """No frame, no bar."""
        for item in (self._shade, self._line, self._text):
            item.hide()

    def _place(self, *_: object) -> None:
        pixel = self._view.viewPixelSize()[0]
        if not pixel or not self._length_px:
            return
        # In the corner of what is seen: of the view, or of the picture where that ends inside the view.
        area = self._view.boundingRect()
        image = self._view.childTransform().mapRect(self._image.boundingRect())
        left = max(area.left(), image.left())
        bottom = min(area.bottom(), max(image.bottom(), area.top() + 60)) - 12
        # The shade holds the bar and the text above it, whichever is wider.
        width = self._length_px / pixel
        text = self._text.itemRect()
        self._shade.setRect(left + 8, bottom - 34, max(width, text.width()) + 16, 42)
        self._line.setRect(left + 16, bottom - 4, width, 5)
        self._text.setPos(left + 12, bottom - 34)

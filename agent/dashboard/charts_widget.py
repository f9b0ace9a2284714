"""Shapes with their intervals, sizes by class, and fractions over time."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6 import QtWidgets

from agent.dashboard.view_state import ViewState


class ChartsWidget(QtWidgets.QWidget):
    """Three plots, one below the other."""

    def __init__(self) -> None:
        super().__init__()
        graphics = pg.GraphicsLayoutWidget()
        self._shapes = graphics.addPlot(row=0, col=0, title="shapes: share of the named particles, 95 % interval")
        self._sizes = graphics.addPlot(row=1, col=0, title="diameters")
        self._history = graphics.addPlot(row=2, col=0, title="shares of the likeliest class over the run")
        self._shapes.setLabel("left", "%")
        self._sizes.setLabel("bottom", "nm")
        self._sizes.setLabel("left", "particles")
        self._history.setLabel("bottom", "seconds before now")
        self._history.setLabel("left", "%")
        for plot in (self._shapes, self._sizes, self._history):
            plot.setMouseEnabled(False, False)
            plot.hideButtons()
            plot.setMenuEnabled(False)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(graphics)

    def show_state(self, state: ViewState) -> None:
        """Draw a state."""
        self._draw_shapes(state)
        self._draw_sizes(state)
        self._history.clear()
        for _, colour, percent in state.history:
            self._history.plot(state.history_s, percent, pen=pg.mkPen(colour, width=2))

    def _draw_shapes(self, state: ViewState) -> None:
        self._shapes.clear()
        x = np.arange(len(state.bars))
        heights = np.array([b.percent for b in state.bars])
        self._shapes.addItem(pg.BarGraphItem(x=x, height=heights, width=0.7, brushes=[b.colour for b in state.bars]))
        low, high = (np.array([getattr(b, k) for b in state.bars]) for k in ("low_percent", "high_percent"))
        seen = np.array([b.count > 0 for b in state.bars])
        if seen.any():
            self._shapes.addItem(
                pg.ErrorBarItem(
                    x=x[seen],
                    y=heights[seen],
                    top=np.maximum(high - heights, 0)[seen],
                    bottom=np.maximum(heights - low, 0)[seen],
                    beam=0.2,
                    pen=pg.mkPen("#FFFFFF", width=2),
                )
            )
        ticks = [(n, f"{b.name.replace(' ', chr(10))}\n{b.count}") for n, b in enumerate(state.bars)]
        self._shapes.getAxis("bottom").setTicks([ticks])
        self._shapes.getAxis("bottom").setHeight(52)
        self._shapes.setYRange(0, max(100.0, float(high[seen].max()) if seen.any() else 0.0), padding=0.02)

    def _draw_sizes(self, state: ViewState) -> None:
        self._sizes.clear()
        middle = (state.size_edges_nm[1:] + state.size_edges_nm[:-1]) / 2
        floor = np.zeros(len(middle))
        for _, colour, counts in state.sizes:
            width = float(state.size_edges_nm[1] - state.size_edges_nm[0]) * 0.9
            self._sizes.addItem(pg.BarGraphItem(x=middle, y0=floor, height=counts, width=width, brush=colour, pen=None))
            floor = floor + counts
        filled = np.flatnonzero(floor)
        last = float(state.size_edges_nm[filled[-1] + 1]) if filled.size else 10.0
        self._sizes.setXRange(0, max(10.0, last), padding=0)

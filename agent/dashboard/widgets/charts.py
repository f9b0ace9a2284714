"""Sizes by class and fractions over time, under the histogram of shapes. Items are made once and then moved."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6 import QtWidgets

from agent.dashboard.state.charts import ChartsState, Line, Sizes
from agent.dashboard.state.label_layout import spread
from agent.dashboard.state.palette import FAINT, TEXT, ClassStyle
from agent.dashboard.state.view import ViewState
from agent.dashboard.widgets.shapes_plot import ShapesPlot
from protocol.labels import UNKNOWN


class ChartsWidget(QtWidgets.QWidget):
    """Three plots, one below the other."""

    def __init__(self) -> None:
        super().__init__()
        graphics = pg.GraphicsLayoutWidget()
        graphics.ci.layout.setContentsMargins(0, 0, 0, 0)
        graphics.ci.layout.setVerticalSpacing(2)
        self.shapes = ShapesPlot(_quiet(graphics.addPlot(row=0, col=0)))
        self.sizes = SizesPlot(_quiet(graphics.addPlot(row=1, col=0)))
        self.history = HistoryPlot(_quiet(graphics.addPlot(row=2, col=0)))
        for row, share in enumerate((6, 5, 5)):
            graphics.ci.layout.setRowStretchFactor(row, share)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(graphics)
        self._drawn: tuple[object, ...] | None = None
        self._styles: tuple[ClassStyle, ...] = ()

    def show_state(self, state: ViewState) -> None:
        """Draw what differs from what is drawn."""
        charts = state.charts
        if charts is None or (charts.key == self._drawn and state.styles == self._styles):
            return
        if state.styles != self._styles:
            self._styles = state.styles
            for plot in (self.shapes, self.sizes, self.history):
                plot.set_classes(state.styles)
        self._drawn = charts.key
        self.shapes.draw(charts)
        self.sizes.draw(charts)
        self.history.draw(charts)


class SizesPlot:
    """Stacked histogram of diameters, with median and spread of each class written beside it."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._plot = plot
        plot.setLabel("bottom", "diameter in nm")
        plot.setLabel("left", "particles")
        self._bars: list[pg.BarGraphItem] = []
        self._table = pg.LabelItem("", parent=plot.getViewBox(), color=TEXT, size="12px", justify="left")
        self._table.anchor(itemPos=(1, 0), parentPos=(1, 0), offset=(-6, 2))

    def set_classes(self, styles: tuple[ClassStyle, ...]) -> None:
        """One set of bars a class."""
        for item in self._bars:
            self._plot.removeItem(item)
        self._bars = [pg.BarGraphItem(x=[0], height=[0], width=1, brush=s.colour, pen=None) for s in styles]
        for item in self._bars:
            self._plot.addItem(item)

    def draw(self, charts: ChartsState) -> None:
        """Draw a state."""
        # The classes' bars stand on one another; empty bins have none.
        edges = charts.size_edges_nm
        middle = (edges[1:] + edges[:-1]) / 2
        floor = np.zeros(len(middle))
        for item, sizes in zip(self._bars, charts.sizes, strict=True):
            some = sizes.counts > 0
            item.setOpts(x=middle[some], y0=floor[some], height=sizes.counts[some], width=0.9 * (edges[1] - edges[0]))
            floor = floor + sizes.counts
        filled = np.flatnonzero(floor)
        last_nm = float(edges[filled[-1] + 1]) if filled.size else 10.0
        # A third of the width is left to the table.
        self._plot.setXRange(0, 1.5 * max(8.0, last_nm), padding=0)
        self._plot.setYRange(0, max(1.0, float(floor.max(initial=0))) * 1.05, padding=0)
        # The table on the right: median and spread of each class.
        self._plot.setTitle(charts.sizes_title, size="12px")
        self._table.setText("<br>".join(_size_row(s) for s in charts.sizes))
        self._table.setMinimumWidth(self._table.itemRect().width())
        self._table.updateMin()


class HistoryPlot:
    """A line a class, told apart by colour, dash, and the name at its end."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._plot = plot
        plot.setTitle("likeliest class of all particles, over the run", size="12px")
        plot.setLabel("left", "%")
        self._lines: list[pg.PlotCurveItem] = []
        self._names: list[pg.TextItem] = []
        self._unit = ""

    def set_classes(self, styles: tuple[ClassStyle, ...]) -> None:
        """A line and a name each."""
        for item in (*self._lines, *self._names):
            self._plot.removeItem(item)
        known = [s for s in styles if s.name != UNKNOWN]
        self._lines = [pg.PlotCurveItem(pen=_dashed(s)) for s in known]
        self._names = [pg.TextItem(s.short, color=s.colour, anchor=(0, 0.5)) for s in known]
        for item in (*self._lines, *self._names):
            self._plot.addItem(item, ignoreBounds=True)

    def draw(self, charts: ChartsState) -> None:
        """Draw a state."""
        if charts.history_unit != self._unit:
            self._unit = charts.history_unit
            self._plot.setLabel("bottom", f"{self._unit} before the newest frame")
        for item, line in zip(self._lines, charts.history, strict=True):
            item.setData(charts.history_time, line.percent)
        if not len(charts.history_time):
            for name in self._names:
                name.hide()
            return
        start = min(float(charts.history_time[0]), -1e-3)
        self._plot.setXRange(start, -0.1 * start, padding=0)
        top = max(10.0, *(float(line.percent.max()) for line in charts.history)) * 1.08
        self._plot.setYRange(0, top, padding=0)
        self._name_ends(charts.history, top)

    def _name_ends(self, lines: tuple[Line, ...], top: float) -> None:
        height_px = max(self._plot.getViewBox().height(), 1.0)
        gap = 15 * top / height_px
        ends = np.array([float(line.percent[-1]) for line in lines])
        for name, y in zip(self._names, spread(ends, gap, gap / 2, top - gap / 2), strict=True):
            name.setPos(0.0, float(y))
            name.show()


def _dashed(style: ClassStyle) -> object:
    pen = pg.mkPen(style.colour, width=2)
    if style.dash:
        pen.setDashPattern(style.dash)
    return pen


def _size_row(sizes: Sizes) -> str:
    colour = sizes.style.colour if int(sizes.counts.sum()) else FAINT
    return f'<span style="color:{colour}">■ {sizes.style.short}</span> &nbsp;{sizes.text}'


def _quiet(plot: pg.PlotItem) -> pg.PlotItem:
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.setMenuEnabled(False)
    plot.getAxis("left").setWidth(44)
    for side in ("left", "bottom"):
        plot.getAxis(side).setStyle(tickFont=_small(), maxTickLevel=0)
    plot.disableAutoRange()
    return plot


def _small() -> object:
    font = QtWidgets.QApplication.font()
    font.setPixelSize(11)
    return font

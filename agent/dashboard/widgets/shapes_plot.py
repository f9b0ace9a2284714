"""The histogram of shapes: bars as counted, points with whiskers as corrected, ``unknown`` apart."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6 import QtGui

from agent.dashboard.state.charts import Bar, ChartsState
from agent.dashboard.state.palette import BACKGROUND, FAINT, TEXT, ClassStyle
from protocol.labels import UNKNOWN

APART = 0.6
"""Between the last class and ``unknown``, in widths of a bar's place."""
TOPS_PERCENT = (26.0, 52.0, 105.0)
"""The axis ends at one of these, so that it seldom jumps."""


class ShapesPlot:
    """Items are made once for a set of classes."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._plot = plot
        plot.setLabel("left", "%")
        plot.getAxis("bottom").setHeight(46)
        plot.getAxis("bottom").setStyle(tickLength=0)
        self._bars = pg.BarGraphItem(x=[0], height=[0], width=0.7)
        self._points = pg.ScatterPlotItem(symbol="d", size=10, pen=pg.mkPen(BACKGROUND, width=1.5), brush="#FFFFFF")
        # A dark line under the white one: a whisker crosses a bright bar as well as the dark ground.
        self._whiskers = [pg.ErrorBarItem(pen=pg.mkPen(c, width=w)) for c, w in ((BACKGROUND, 5), ("#FFFFFF", 2))]
        self._wall = pg.InfiniteLine(angle=90, pen=pg.mkPen(FAINT, width=1, style=pg.QtCore.Qt.PenStyle.DotLine))
        self.note = pg.TextItem("", color=TEXT, anchor=(0.5, 0.5))
        font = QtGui.QFont()
        font.setPixelSize(15)
        self.note.setFont(font)
        for item in (self._bars, self._wall, *self._whiskers, self._points, self.note):
            plot.addItem(item, ignoreBounds=True)
        self._at = np.empty(0)

    def set_classes(self, styles: tuple[ClassStyle, ...]) -> None:
        """A place each; ``unknown`` is of all particles and stands apart."""
        at = np.arange(len(styles), dtype=np.float64)
        at[-1] += APART
        self._at = at
        self._wall.setPos((at[-2] + at[-1]) / 2 if len(at) > 1 else -0.5)
        self._plot.setXRange(-0.6, float(at[-1]) + 0.6, padding=0)

    def draw(self, charts: ChartsState) -> None:
        """Draw a state."""
        # Bars: as counted.
        bars = charts.bars
        colours = [b.style.colour for b in bars]
        self._bars.setOpts(x=self._at, height=[b.share_percent for b in bars], width=0.7, brushes=colours, pen=None)
        # Points and whiskers: as corrected, for those classes of which anything is known.
        some = np.array([not np.isnan(b.fraction_percent) for b in bars])
        middle, low, high = (np.array([getattr(b, f"{k}_percent") for b in bars]) for k in ("fraction", "low", "high"))
        x, y = self._at[some], middle[some]
        highest = max([*high[some], *(b.share_percent for b in bars)], default=0.0)
        self._plot.setYRange(0, next((top for top in TOPS_PERCENT if highest < top), TOPS_PERCENT[-1]), padding=0)
        for item in self._whiskers:
            item.setData(x=x, y=y, top=np.maximum(high[some] - y, 0), bottom=np.maximum(y - low[some], 0), beam=0.18)
        self._points.setData(x, y)
        # Names and counts below, what is shown above, and the note where there is nothing to show.
        self._plot.getAxis("bottom").setTicks([[(float(p), _tick(b)) for p, b in zip(self._at, bars, strict=True)]])
        self._plot.setTitle(charts.shapes_title, size="12px")
        self.note.setText(charts.shapes_note)
        self.note.setPos(float(self._at[:-1].mean()) if len(self._at) > 1 else 0.0, 0.5 * self._plot.viewRange()[1][1])


def _tick(bar: Bar) -> str:
    name = bar.style.text if bar.style.name != UNKNOWN else "unknown,\nof all"
    return f"{name.replace(' ', chr(10), 1)}\n{bar.count}" if bar.style.name != UNKNOWN else f"{name}\n{bar.count}"

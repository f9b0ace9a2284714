"""The statistics of a snapshot to what the charts draw. Pure, no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.core.statistics.quantiles import median_and_spread_nm
from agent.dashboard.state.palette import ClassStyle
from protocol.labels import UNKNOWN
from protocol.snapshot import Snapshot, Statistics

LONGEST_IN_SECONDS = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One class in the histogram of shapes; ``unknown`` is of all particles, the others are of the named ones."""

    style: ClassStyle
    """Of the class."""
    count: int
    """Particles with this answer."""
    share_percent: float
    """As counted; 0 without particles."""
    fraction_percent: float
    """Corrected for what the classifier confuses; NaN when nothing is known of it."""
    low_percent: float
    """Lower end of the 95 % interval of the corrected one."""
    high_percent: float
    """Upper end of that interval."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sizes:
    """Diameters of one class."""

    style: ClassStyle
    """Of the class."""
    counts: NDArray[np.int64]
    """(b,)."""
    text: str
    """Median ± half the width of the middle 68 %."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """One class over the run."""

    style: ClassStyle
    """Of the class."""
    percent: NDArray[np.float64]
    """(t,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChartsState:
    """The right half of the window."""

    key: tuple[object, ...]
    """What is drawn changed when this changes."""
    bars: tuple[Bar, ...]
    """Classes, then ``unknown``."""
    shapes_title: str
    """Above the histogram of shapes."""
    shapes_note: str
    """Written across the histogram when it has nothing to show."""
    size_edges_nm: NDArray[np.float64]
    """(b + 1,), of the bins of diameters."""
    sizes: tuple[Sizes, ...]
    """Classes, then ``unknown``."""
    sizes_title: str
    """Above the diameters."""
    history: tuple[Line, ...]
    """Classes, without ``unknown``."""
    history_time: NDArray[np.float64]
    """(t,), before the newest point, negative; unit in `history_unit`."""
    history_unit: str
    """seconds or minutes."""


def charts_state(snapshot: Snapshot, styles: dict[str, ClassStyle]) -> ChartsState:
    """What to draw."""
    # Shapes: how many of each class, and how many have a name at all.
    statistics = snapshot.statistics
    named = sum(s.count for s in statistics.shapes if s.shape != UNKNOWN)
    bars = _bars(statistics, styles, named)
    # History and diameters: time before the newest point, and the classes' histograms added up for the title.
    time, unit = _before_newest(statistics.history_time_s)
    everything = np.sum([s.diameter_counts for s in statistics.shapes], axis=0)
    edges = statistics.diameter_edges_nm
    newest_s = float(statistics.history_time_s[-1]) if len(statistics.history_time_s) else 0.0
    return ChartsState(
        key=(snapshot.run, snapshot.threshold, snapshot.health.analysed, statistics.detections, named, newest_s),
        bars=bars,
        shapes_title=_shapes_title(bars, named, statistics.particles),
        shapes_note=_shapes_note(named, statistics.particles, snapshot.threshold),
        size_edges_nm=edges,
        sizes=tuple(
            Sizes(style=styles[s.shape], counts=s.diameter_counts, text=size_text(s.diameter_counts, edges))
            for s in statistics.shapes
        ),
        sizes_title=f"diameters: {size_text(everything, edges)}" if statistics.particles else "diameters",
        history=tuple(
            Line(style=styles[name], percent=100.0 * statistics.history_fraction[:, n].astype(np.float64))
            for n, name in enumerate(snapshot.classes)
        ),
        history_time=time,
        history_unit=unit,
    )


def size_text(counts: NDArray[np.integer], edges_nm: NDArray[np.floating]) -> str:
    """``5.4 ± 0.8 nm`` of counts (b,) between edges (b + 1,); a single particle has no spread, none at all a dash."""
    if not np.sum(counts):
        return "–"
    middle, half = median_and_spread_nm(counts, edges_nm)
    return f"{middle:.1f} nm" if np.sum(counts) == 1 else f"{middle:.1f} ± {half:.1f} nm"


def _bars(statistics: Statistics, styles: dict[str, ClassStyle], named: int) -> tuple[Bar, ...]:
    # `unknown` is a share of all particles, a class is one of those that have a name.
    bars = []
    for s in statistics.shapes:
        whole = statistics.particles if s.shape == UNKNOWN else named
        bars.append(
            Bar(
                style=styles[s.shape],
                count=s.count,
                share_percent=100 * s.count / whole if whole else 0.0,
                fraction_percent=100 * s.fraction if whole else math.nan,
                low_percent=100 * s.fraction_low,
                high_percent=100 * s.fraction_high,
            )
        )
    return tuple(bars)


def _shapes_title(bars: tuple[Bar, ...], named: int, particles: int) -> str:
    if not named:
        return f"shapes: 0 of {particles} particles named"
    classes = [b for b in bars if b.style.name != UNKNOWN]
    corrected = any(abs(b.share_percent - b.fraction_percent) > 0.05 for b in classes)
    point = "point: corrected for confusions, 95 %" if corrected else "whisker: 95 %"
    return f"shapes: {named} of {particles} particles named · bar: as counted · {point}"


def _shapes_note(named: int, particles: int, threshold: float) -> str:
    if not particles:
        return "no particle yet"
    return "" if named else f"no particle is sure enough yet (the threshold is {threshold:.0%})"


def _before_newest(times_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], str]:
    if not len(times_s):
        return np.empty(0), "seconds"
    before_s = times_s - times_s[-1]
    return (before_s / 60, "minutes") if -before_s[0] > LONGEST_IN_SECONDS else (before_s, "seconds")

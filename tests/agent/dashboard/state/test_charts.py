"""What the charts draw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.commands.text_table import text_table
from agent.dashboard.state.charts import charts_state
from agent.dashboard.state.palette import class_styles
from protocol.snapshot import Snapshot
from tests.examples import CLASSES, snapshot

STYLES = class_styles(CLASSES)


def nameless() -> Snapshot:
    """Twelve particles, none of them sure enough, though the corrected fractions have values."""
    source = snapshot()
    shapes = tuple(
        replace(s, count=12 if s.shape == "unknown" else 0, fraction=1.0 if s.shape == "unknown" else float("nan"))
        for s in source.statistics.shapes
    )
    return replace(source, threshold=1.0, statistics=replace(source.statistics, shapes=shapes, particles=12))


def test_nothing_named_draws_no_bar_and_says_why() -> None:
    charts = charts_state(nameless(), STYLES)
    assert charts.shapes_note == "no particle is sure enough yet (the threshold is 100%)"
    *classes, unknown = charts.bars
    assert all(b.share_percent == 0 and np.isnan(b.fraction_percent) for b in classes)
    assert (unknown.count, unknown.share_percent) == (12, 100)
    assert "no particle is sure enough yet" in text_table(nameless())


def test_bars_are_counted_and_points_corrected() -> None:
    """Counts 10, 15, 20, 25, 30 of 100 named, 35 unknown of 120; every corrected fraction of the example is 20 %."""
    charts = charts_state(snapshot(), STYLES)
    assert [b.share_percent for b in charts.bars[:5]] == pytest.approx([10, 15, 20, 25, 30])
    assert charts.bars[-1].share_percent == pytest.approx(100 * 35 / 120)
    assert [b.fraction_percent for b in charts.bars] == pytest.approx([20] * 6)
    assert "corrected" in charts.shapes_title
    source = snapshot()
    plain = tuple(replace(s, fraction=s.count / 100) for s in source.statistics.shapes)
    same = replace(source, statistics=replace(source.statistics, shapes=plain))
    assert "corrected" not in charts_state(same, STYLES).shapes_title

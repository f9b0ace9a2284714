"""A snapshot as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from agent.dashboard.state.csv_export import to_csv
from protocol.snapshot import Snapshot
from tests.examples import CLASSES, snapshot


def nameless() -> Snapshot:
    """Twelve particles, none of them sure enough, though the corrected fractions have values."""
    source = snapshot()
    shapes = tuple(
        replace(s, count=12 if s.shape == "unknown" else 0, fraction=1.0 if s.shape == "unknown" else float("nan"))
        for s in source.statistics.shapes
    )
    return replace(source, threshold=1.0, statistics=replace(source.statistics, shapes=shapes, particles=12))


def test_the_csv_has_a_row_for_every_class_that_says_where_it_comes_from() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(snapshot()))))
    assert [r["shape"] for r in rows] == [*CLASSES, "unknown"]
    first, last = rows[0], rows[-1]
    assert (first["count"], first["fraction_of"], first["fraction"]) == ("10", "named", "0.2000")
    assert (first["low_95"], first["high_95"], first["share_as_counted"]) == ("0.1200", "0.3000", "0.1000")
    assert (last["fraction_of"], last["run"], last["model"]) == ("all", "test", "first")
    # Of this run: the agent may have analysed more before an operator began a new one.
    assert (first["frames_analysed"], first["cut_by_the_border"]) == ("88", "7")
    assert (first["threshold"], first["pixel_size_nm"], first["pixel_size_provenance"]) == ("0.7", "0.05", "metadata")
    assert 2 <= float(first["diameter_16_percent_nm"]) <= float(first["diameter_median_nm"])
    assert next(iter(csv.DictReader(io.StringIO(to_csv(nameless())))))["fraction"] == ""

"""What the dashboard shows, as pure states."""

from __future__ import annotations

import ast
import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import agent.dashboard
from agent.commands.text_table import table
from agent.core.statistics.quantiles import median_and_spread_nm, quantiles_nm
from agent.dashboard.state.charts import charts_state, size_text
from agent.dashboard.state.csv_export import to_csv
from agent.dashboard.state.frame import at_point, frame_state
from agent.dashboard.state.health import Viewer
from agent.dashboard.state.label_layout import place_labels, spread
from agent.dashboard.state.palette import class_styles, short_names
from agent.dashboard.state.view import ViewState, resolve
from protocol.snapshot import Snapshot
from tests.examples import CLASSES, snapshot

STYLES = class_styles(CLASSES)


def cell(state: ViewState, label: str) -> tuple[str, str]:
    return {c.label: (c.value, c.level) for c in state.health}[label]


def nameless() -> Snapshot:
    """Twelve particles, none of them sure enough, though the corrected fractions have values."""
    source = snapshot()
    shapes = tuple(
        replace(s, count=12 if s.shape == "unknown" else 0, fraction=1.0 if s.shape == "unknown" else float("nan"))
        for s in source.statistics.shapes
    )
    return replace(source, threshold=1.0, statistics=replace(source.statistics, shapes=shapes, particles=12))


def test_only_widgets_and_the_window_know_qt() -> None:
    folder = Path(agent.dashboard.__file__).parent
    for path in folder.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        qt = any(name.split(".")[0] in ("PySide6", "pyqtgraph") for name in names)
        assert not qt or path.name == "window.py" or path.name.endswith("_widget.py"), path.name


def test_classes_differ_in_colour_in_dash_and_in_short_name() -> None:
    styles = STYLES.values()
    for cue in ("colour", "short", "dash"):
        assert len({getattr(s, cue) for s in styles}) == len(CLASSES) + 1
    assert short_names(("cube", "truncated_octahedron")) == ("cube", "t-octa")
    assert short_names(("octahedron", "octagon")) == ("octahedron", "octagon")


def test_an_eighth_class_has_a_look_of_its_own() -> None:
    styles = class_styles(tuple(f"class_{n}" for n in range(9)))
    assert len({(s.colour, s.dash) for s in styles.values()}) == 10


def test_old_news_is_called_old() -> None:
    assert cell(resolve(snapshot(), Viewer(frame_age_s=0.4)), "state") == ("live, 0.4 s", "ok")
    late = resolve(snapshot(), Viewer(silent_s=130.0))
    assert cell(late, "state") == ("NO NEWS 2 min", "bad")
    assert late.banner.level == "bad"
    assert cell(resolve(snapshot(), Viewer(frame_age_s=9.0)), "state") == ("no frame 9 s", "warn")


def test_lost_frames_are_told_with_their_cause_and_faults_are_lit() -> None:
    source = snapshot()
    state = resolve(source, Viewer())
    assert cell(state, "not analysed") == ("replaced 9", "ok")
    assert cell(state, "gaps") == ("1 lost", "warn")
    worse = replace(source, health=replace(source.health, not_analysed={"replaced": 9, "no_pixel_size": 2}))
    assert cell(resolve(worse, Viewer()), "not analysed") == ("replaced 9, no pixel size 2", "warn")
    behind = replace(source, health=replace(source.health, analysed_per_s=2.0))
    assert cell(resolve(behind, Viewer()), "frames/s")[1] == "warn"


def test_clocks_that_disagree_are_told() -> None:
    source = snapshot()
    wrong = replace(source, health=replace(source.health, latency_p50_ms=-400.0))
    assert cell(resolve(wrong, Viewer()), "latency p50 / p99") == ("-400 / 150 ms, clocks differ", "warn")


def test_a_stopped_recording_is_an_alarm() -> None:
    source = snapshot()
    stopped = replace(source, health=replace(source.health, recording="STOPPED after a disk error: No space left"))
    state = resolve(stopped, Viewer())
    assert cell(state, "recording")[1] == "bad"
    assert "No space left" in state.banner.text


def test_a_network_that_was_refused_when_it_was_loaded_is_told_until_the_agent_starts_anew() -> None:
    source = snapshot()
    refused = "classifier.int8.onnx computes wrongly here: off by 1.7, its card allows 0.025"
    state = resolve(replace(source, health=replace(source.health, warnings=(refused,))), Viewer())
    assert (state.banner.text, state.banner.level) == (f"MODEL: {refused}", "warn")
    assert cell(state, "backend")[1] == "warn"
    assert refused in to_csv(replace(source, health=replace(source.health, warnings=(refused,))))
    assert cell(resolve(source, Viewer()), "backend")[1] == "ok"


def test_before_the_first_frame_it_says_what_it_waits_for_and_where() -> None:
    waiting = replace(snapshot(), frame=None, notes={"endpoint": "tcp://microscope:45010"})
    assert "waits for the first frame on tcp://microscope:45010" in resolve(waiting, Viewer()).banner.text
    assert resolve(waiting, Viewer()).frame is None
    nobody = resolve(None, Viewer(endpoint="tcp://a:1", silent_s=9.0))
    assert nobody.banner.text == "Waiting for an agent on tcp://a:1: nothing for 9 s. Is it running?"
    assert {c.label for c in nobody.health} == {c.label for c in resolve(snapshot(), Viewer()).health}


def test_the_scale_bar_is_a_round_number_under_a_quarter_of_the_image() -> None:
    """512 image pixels of 0.1 nm: 10 nm are 100 of them."""
    frame = frame_state(snapshot(), STYLES, None)
    assert frame is not None
    assert (frame.scale_bar_text, frame.scale_bar_px) == ("10 nm", pytest.approx(100))


def test_marks_are_in_pixels_of_the_shown_image_and_follow_the_threshold() -> None:
    source = snapshot(1)
    assert source.frame is not None
    particle = replace(source.frame.particles[0], probabilities=(0.8, 0.2, 0.0, 0.0, 0.0), shape="cube")
    source = replace(source, frame=replace(source.frame, particles=(particle,)))
    sure, unsure = (frame_state(replace(source, threshold=t), STYLES, 0) for t in (0.7, 0.9))
    assert sure is not None
    assert unsure is not None
    assert (sure.marks[0].text, sure.marks[0].known, sure.marks[0].picked) == ("cube 80%", True, True)
    assert (unsure.marks[0].text, unsure.marks[0].known) == ("?", False)
    assert sure.marks[0].y == pytest.approx((particle.y_px + 0.5) / 2)
    assert sure.key != unsure.key


def test_a_point_belongs_to_the_particle_whose_outline_holds_it() -> None:
    frame = frame_state(snapshot(1), STYLES, None)
    assert frame is not None
    (mark,) = frame.marks
    assert at_point(frame.marks, mark.x, mark.y) == mark.track
    assert at_point(frame.marks, mark.x + np.ptp(mark.outline[:, 0]), mark.y) is None


def test_what_is_picked_is_told_with_all_probabilities() -> None:
    picked = resolve(snapshot(3), Viewer(picked=1)).detail
    assert picked.text.startswith("particle 1 · ")
    assert sum(picked.probabilities) == pytest.approx(1)
    assert resolve(snapshot(3), Viewer(picked=77)).detail.text == "particle 77 is not in this frame"


def test_nothing_named_draws_no_bar_and_says_why() -> None:
    charts = charts_state(nameless(), STYLES)
    assert charts.shapes_note == "no particle is sure enough yet (the threshold is 100%)"
    *classes, unknown = charts.bars
    assert all(b.share_percent == 0 and np.isnan(b.fraction_percent) for b in classes)
    assert (unknown.count, unknown.share_percent) == (12, 100)
    assert "no particle is sure enough yet" in table(nameless())


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


def test_median_and_spread_of_a_flat_histogram() -> None:
    """Ten in each of ten bins from 0 to 10: median 5, middle 68 % from 1.6 to 8.4."""
    edges = np.arange(11.0)
    assert median_and_spread_nm(np.full(10, 10), edges) == pytest.approx((5.0, 3.4))
    assert quantiles_nm(np.array([1, 0, 0, 1]), np.arange(5.0), (0.5,)) == pytest.approx((2.0,))
    assert np.isnan(quantiles_nm(np.zeros(3, np.int64), np.arange(4.0), (0.5,))[0])
    assert size_text(np.array([0, 1, 0]), np.arange(4.0)) == "1.5 nm"


def test_labels_hide_neither_each_other_nor_neighbours_and_are_never_clipped() -> None:
    centres = np.array([(x, y) for x in (5.0, 60, 120, 195) for y in (5.0, 60, 120, 195)])
    boxes = np.hstack([centres - 15, centres + 15])
    sizes = np.tile([28.0, 12.0], (len(boxes), 1))
    corners = place_labels(boxes, sizes, 200.0, 200.0)
    assert (corners >= 0).all()
    assert (corners + sizes <= 200).all()
    labels = np.hstack([corners, corners + sizes])
    for n, label in enumerate(labels):
        for others in (np.delete(labels, n, 0), np.delete(boxes, n, 0)):
            low, high = np.maximum(label[:2], others[:, :2]), np.minimum(label[2:], others[:, 2:])
            assert np.clip(high - low, 0, None).prod(1).max() <= 0.15 * sizes[n].prod()
    assert place_labels(np.empty((0, 4)), np.empty((0, 2)), 10.0, 10.0).shape == (0, 2)


def test_names_at_the_ends_of_lines_keep_apart_in_order() -> None:
    at = spread(np.array([50.0, 10.0, 10.0, 99.0]), 10.0, 0.0, 100.0)
    assert np.diff(np.sort(at)).min() >= 10
    assert at[1] < at[0] < at[3] <= 100


def test_the_csv_has_a_row_for_every_class_that_says_where_it_comes_from() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(snapshot()))))
    assert [r["shape"] for r in rows] == [*CLASSES, "unknown"]
    first, last = rows[0], rows[-1]
    assert (first["count"], first["fraction_of"], first["fraction"]) == ("10", "named", "0.2000")
    assert (first["low_95"], first["high_95"], first["share_as_counted"]) == ("0.1200", "0.3000", "0.1000")
    assert (last["fraction_of"], last["run"], last["model"]) == ("all", "test", "first")
    assert (first["threshold"], first["pixel_size_nm"], first["pixel_size_provenance"]) == ("0.7", "0.05", "metadata")
    assert 2 <= float(first["diameter_16_percent_nm"]) <= float(first["diameter_median_nm"])
    assert next(iter(csv.DictReader(io.StringIO(to_csv(nameless())))))["fraction"] == ""

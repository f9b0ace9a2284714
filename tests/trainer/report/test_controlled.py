"""Sections on experiments: one condition set, images fused, perfect views, the learning curve."""

from __future__ import annotations

import json
from pathlib import Path

from tests.trainer.known_predictions import cells, metadata_of, sure
from tests.trainer.known_report import CLASSES
from trainer.evaluation.probe_images import FRAMES
from trainer.report import controlled


def test_an_experiment_shows_every_value_and_draws_numbers_only(tmp_path: Path) -> None:
    good = (sure([0, 1], 0.9), metadata_of([0, 1]))
    bad = (sure([0, 0], 0.9), metadata_of([0, 1]))
    text = controlled.experiment_section("s", "dose", {1.0: bad, 10.0: good}, CLASSES, tmp_path)
    assert cells(text, "1") == [["50.0", "9.5–90.5", "2", "2", "100.0", "0.0"]]
    assert cells(text, "10")[0][-2:] == ["100.0", "100.0"]
    assert (tmp_path / "s.png").exists()
    words = controlled.experiment_section("w", "film", {"none": good}, CLASSES, tmp_path)
    assert "![" not in words
    assert not (tmp_path / "w.png").exists()


def test_an_experiment_that_lacks_a_class_says_so(tmp_path: Path) -> None:
    text = controlled.experiment_section("s", "film", {"none": (sure([0], 0.9), metadata_of([0]))}, CLASSES, tmp_path)
    assert cells(text, "none")[0][-2:] == ["100.0", "—"]


def test_bins_are_named_by_their_middle_and_the_empty_left_out() -> None:
    metadata = metadata_of([0, 0, 0], diameter_nm=[1.0, 2.0, 9.0])
    parts = controlled.binned((sure([0, 0, 0], 0.9), metadata), "diameter_nm", (1, 2, 4, 6))
    assert {middle: len(p) for middle, (p, _) in parts.items()} == {1.5: 1, 3.0: 1}


def test_fused_images_are_counted_by_particle() -> None:
    """A wrong view of 0.6 against four right ones of 0.7; another particle has a single image."""
    p = sure([1, 0, 0, 0, 0, 0], [0.6, 0.7, 0.7, 0.7, 0.7, 0.9])
    text, reached = controlled.fused_section({"own": (p, metadata_of([0] * 6, [1] * FRAMES + [2]))}, 1)
    assert reached["own", FRAMES] == (1.0, 1)
    assert [line[:1] + line[3:4] for line in cells(text, "own")] == [["1", "2"], ["2", "1"], ["5", "1"]]


def test_the_last_step_of_the_ladder_is_shown_by_angle() -> None:
    seen = (sure([0, 1], 0.9), metadata_of([0, 0], zone_deg=[2.0, 12.0]))
    text = controlled.ladder_section({"as drawn": seen, "perfect": seen}, CLASSES)
    assert cells(text, "perfect")[0][-2:] == ["50.0", "—"]
    assert [cells(text, angle)[0][0] for angle in ("2.5", "12.5")] == ["100.0", "0.0"]


def test_the_learning_curve_is_sorted_and_its_want_is_said(tmp_path: Path) -> None:
    path = tmp_path / "curve.jsonl"
    assert "no learning curve" in controlled.learning_section(path, tmp_path)
    runs = [{"exit_waves": n, "image_passes": 7, "accuracy": a} for n, a in ((2000, 0.8), (100, 0.5))]
    path.write_text("\n".join(json.dumps(run) for run in runs))
    text = controlled.learning_section(path, tmp_path)
    assert text.index("| 100 | 7 | 50.0 |") < text.index("| 2,000 | 7 | 80.0 |")

"""The report's pictures are drawn, each from its numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from trainer.evaluation.calibration import reliability
from trainer.report import plots


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("L"))


def test_a_confusion_of_other_counts_is_another_picture_and_of_their_double_the_same(tmp_path: Path) -> None:
    counts = np.array([[8.0, 1, 1], [0, 9, 1]])
    for name, drawn in (("a", counts), ("double", 2 * counts), ("other", counts[::-1])):
        plots.confusion(tmp_path / name / "c.png", drawn, ["cube", "rod"])
    a, double, other = (pixels(tmp_path / name / "c.png") for name in ("a", "double", "other"))
    np.testing.assert_array_equal(a, double)
    assert (a != other).any()


def test_reliability_draws_a_bar_where_the_interval_is_wide(tmp_path: Path) -> None:
    """Two bins of two answers have wider intervals than two of two thousand."""
    inks = []
    for count in (30, 30000):
        p = np.repeat([[0.7, 0.3]], count, 0)
        plots.reliability(tmp_path / f"{count}.png", reliability(p, np.zeros(count, dtype=int)))
        inks.append(int((pixels(tmp_path / f"{count}.png") < 128).sum()))
    assert inks[0] > inks[1]


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_curve_has_its_band(tmp_path: Path, logarithmic: bool) -> None:
    values, line = [1.0, 10.0, 100.0], [0.5, 0.7, 0.9]
    for name, band in (("bare", None), ("band", ([0.3, 0.5, 0.7], [0.7, 0.9, 1.0]))):
        plots.curve(tmp_path / f"{name}.png", "dose", values, {"all": line}, band, logarithmic=logarithmic)
    assert pixels(tmp_path / "band.png").mean() < pixels(tmp_path / "bare.png").mean()


def test_risk_and_coverage_leave_out_the_first_few_answers(tmp_path: Path) -> None:
    """A mistake among the surest two in a hundred would be drawn as a fall to nothing."""
    share = np.arange(1, 201) / 200
    steady = np.full(200, 0.9)
    for name, start in (("steady", 0.9), ("fallen", 0.0)):
        accuracy = np.where(share <= 0.02, start, steady)
        plots.risk_coverage(tmp_path / f"{name}.png", {"p": (share, accuracy)})
    np.testing.assert_array_equal(pixels(tmp_path / "steady.png"), pixels(tmp_path / "fallen.png"))


def test_a_class_without_images_has_an_empty_row_and_not_nan_s(tmp_path: Path) -> None:
    """Nothing divided by nothing: the row is drawn like one of noughts."""
    for name, row in (("none", [0.0, 0, 0]), ("noughts", [0.0, 0, 1e-30])):
        plots.confusion(tmp_path / f"{name}.png", np.array([[8.0, 1, 1], row]), ["cube", "rod"])
    np.testing.assert_array_equal(pixels(tmp_path / "none.png"), pixels(tmp_path / "noughts.png"))
    assert (tmp_path / "none.png").stat().st_size > 0

"""The table of aims and what it rests on."""

from __future__ import annotations

from pathlib import Path

from tests.trainer.known_predictions import cells, metadata_of, sure
from tests.trainer.known_report import measured
from trainer.evaluation.probe_images import FRAMES
from trainer.report.aims import EACH_STATE, ONE_STATE, aims_section, basis_section

FUSED = {(EACH_STATE, FRAMES): (0.975, 40), (ONE_STATE, FRAMES): (0.95, 39)}


def test_what_was_not_measured_has_no_line(tmp_path: Path) -> None:
    told = aims_section(measured(tmp_path), FUSED)
    assert cells(told, f"right, {FRAMES} images of a particle fused, {EACH_STATE}, %") == [["96", "97.5", "", "40"]]
    assert cells(told, f"the same, {ONE_STATE}, %") == [["96", "95.0", "", "39"]]
    assert "real frames" not in told
    assert "another simulator" not in told


def test_another_simulator_counts_from_the_stated_dose_on(tmp_path: Path) -> None:
    metadata = metadata_of([0, 0, 1], dose_e_per_a2=[150, 1000, 1000])
    told = aims_section(measured(tmp_path, reference=(sure([1, 0, 1], 0.9), metadata)), FUSED)
    assert cells(told, "right of all, another simulator's images, %") == [["92", "100.0", "2", "2"]]


def test_the_two_halves_are_counted_by_images_and_structures(tmp_path: Path) -> None:
    told = basis_section(measured(tmp_path))
    assert cells(told, "sets temperature and threshold") == [["40", "20"]]
    assert cells(told, "is measured") == [["40", "20"]]
    assert "Steps: classifier 1,900, detector 900." in told

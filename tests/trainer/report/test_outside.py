"""Images outside of what calibration is set for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.trainer.known_predictions import cells, metadata_of, predictions_of, sure
from tests.trainer.known_report import measured
from trainer.report.outside import reference_section, uncorrected_section

LINE = "C3 of 0.5 to 1.2 mm, C1 of -150 to -30 nm"


def test_without_a_corrector_only_such_images_are_measured(tmp_path: Path) -> None:
    """Four with a corrector, right; four without: one wrong and doubtful, three right and sure."""
    metadata = metadata_of([0] * 8, c3_nm=[0.0] * 4 + [1e6] * 4)
    p = sure([0, 0, 0, 0, 1, 0, 0, 0], [0.9] * 4 + [0.6, 0.9, 0.9, 0.9])
    told = uncorrected_section(measured(tmp_path, predictions=predictions_of(p, metadata)))
    accuracy, _, images, structures, error, wrong, named = cells(told, LINE)[0]
    assert (accuracy, images, structures, wrong, named) == ("75.0", "4", "4", "0.0", "75.0")
    assert float(error) == round((0.6 + 3 * 0.1) / 4, 3)


def test_no_such_image_is_said(tmp_path: Path) -> None:
    told = uncorrected_section(measured(tmp_path, predictions=predictions_of(sure([0], 0.9), metadata_of([0]))))
    assert told == "The dataset has none."


def test_another_simulator_is_told_by_dose_and_by_class(tmp_path: Path) -> None:
    metadata = metadata_of([0, 0, 1, 1], dose_e_per_a2=[150, 1000, 150, 1000])
    told = reference_section(measured(tmp_path, reference=(sure([1, 0, 1, 1], 0.9), metadata)))
    assert cells(told, "100 e/Å² and more")[0][0] == "75.0"
    assert cells(told, "300 e/Å² and more")[0][0] == "100.0"
    assert [cells(told, name)[0][0] for name in ("cube", "icosahedron")] == ["50.0", "100.0"]


def test_no_other_simulator_is_said(tmp_path: Path) -> None:
    assert "--second" in reference_section(measured(tmp_path))


def test_where_nothing_is_named_there_is_no_share_of_errors(tmp_path: Path) -> None:
    metadata = metadata_of([0, 1])
    told = reference_section(measured(tmp_path, reference=(np.full((2, 2), 0.5), metadata)))
    assert cells(told, "100 e/Å² and more")[0][-2:] == ["—", "0.0"]

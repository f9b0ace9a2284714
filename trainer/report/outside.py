"""Sections of the report on images outside of what calibration is set for: no corrector, another simulator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.calibration import expected_calibration_error
from trainer.evaluation.selective import accuracy_on_surest, coverage_at
from trainer.report.aims import STATED
from trainer.report.measure import Measured
from trainer.report.tables import ACCURACY_HEAD, accuracy_cells, percent, table
from trainer.report.texts import REFERENCE_SIMULATOR, WITHOUT_CORRECTOR


def uncorrected_section(measured: Measured) -> str:
    """Accuracy and calibration by a microscope without a corrector."""
    p, metadata = measured.predictions.test_split(least_dose=STATED, corrected=False)
    if not len(p):
        return "The dataset has none."
    labels = metadata["label"]
    head = ("", *ACCURACY_HEAD, "calibration error", "errors of the named, %", "named, %")
    cells = (
        *accuracy_cells(p.argmax(1) == labels, metadata["wave"]),
        f"{expected_calibration_error(p, labels):.3f}",
        *_named_cells(p, labels, measured.predictions.threshold),
    )
    return WITHOUT_CORRECTOR + table(head, [("C3 of 0.5 to 1.2 mm, C1 of -150 to -30 nm", *cells)])


def reference_section(measured: Measured) -> str:
    """Accuracy, coverage and calibration on another simulator's images, by dose and by class."""
    if measured.reference is None:
        return "No dataset of another simulator was given (`--second`)."
    p, metadata = measured.reference
    by_dose: list[Sequence[object]] = []
    for name, least in (("100 e/Å² and more", 100.0), ("300 e/Å² and more", STATED)):
        enough = metadata["dose_e_per_a2"] >= least
        labels = metadata["label"][enough]
        by_dose.append(
            (
                name,
                *accuracy_cells(p[enough].argmax(1) == labels, metadata["wave"][enough]),
                percent(accuracy_on_surest(p[enough], labels, 0.7)),
                percent(coverage_at(p[enough], labels, 0.95)),
                f"{expected_calibration_error(p[enough], labels):.3f}",
                *_named_cells(p[enough], labels, measured.predictions.threshold),
            )
        )
    by_class = []
    for number, name in enumerate(measured.classes):
        true = metadata["label"] == number
        by_class.append((name, *accuracy_cells(p[true].argmax(1) == number, metadata["wave"][true])))
    head = ("surest 70 %, %", "answered at 95 %, %", "calibration error", "errors of the named, %", "named, %")
    return (
        REFERENCE_SIMULATOR
        + table(("dose", *ACCURACY_HEAD, *head), by_dose)
        + "\n\n"
        + table(("shape, 100 e/Å² and more", *ACCURACY_HEAD), by_class)
    )


def _named_cells(p: NDArray[np.float64], labels: NDArray[np.integer], threshold: float) -> tuple[str, str]:
    """(errors among the named, share of the named) in %."""
    wrong, named = p.argmax(1) != labels, p.max(1) >= threshold
    return percent(float(wrong[named].mean())) if named.any() else "—", percent(float(named.mean()))

"""First sections of the report: what was aimed at and reached, and what the numbers rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trainer.evaluation.calibration import calibration_error_by_chance, expected_calibration_error
from trainer.evaluation.frames import DOSE_BANDS, together
from trainer.evaluation.metrics import accuracy_of
from trainer.evaluation.probe_images import FRAMES, STATED_DOSE
from trainer.evaluation.selective import accuracy_on_surest
from trainer.report.measure import Measured
from trainer.report.tables import percent, table
from trainer.report.texts import BASIS

STATED = STATED_DOSE[0]
"""Least dose in e/Å² for which the aims are stated."""
EACH_STATE, ONE_STATE = "each in a lens state of its own", "all in one lens state"
"""Kinds of several images of a particle."""


def aims_section(measured: Measured, fused: Mapping[tuple[str, int], tuple[float, int]]) -> str:
    """Each aim with what was reached and on how much.

    Args:
        measured: by both networks.
        fused: (accuracy, particles) by kind and number of fused images.
    """
    p, metadata = measured.predictions.test_split(least_dose=STATED)
    labels = metadata["label"]
    images, structures = f"{len(p):,}", f"{len(np.unique(metadata['wave'])):,}"
    error = expected_calibration_error(p, labels)
    chance = calibration_error_by_chance(p, np.random.default_rng(0))
    each, one = (_fused_cells(fused[kind, FRAMES]) for kind in (EACH_STATE, ONE_STATE))
    lines: list[Sequence[object]] = [
        ("right of all, %", "92", percent(accuracy_of(p, labels)), images, structures),
        ("right of the surest 70 %, %", "99", percent(accuracy_on_surest(p, labels, 0.7)), images, structures),
        (f"right, {FRAMES} images of a particle fused, {EACH_STATE}, %", "96", *each),
        (f"the same, {ONE_STATE}, %", "96", *one),
        (f"calibration error (of it {chance:.3f} by chance)", "0.02", f"{error:.3f}", images, structures),
        *_detection_lines(measured),
        *_reference_lines(measured),
    ]
    note = f"Shapes at {STATED:g} e/Å² and more, by a microscope with a corrector; no `unknown` unless it is named.\n\n"
    return note + table(("", "aim", "reached", "images", "structures or particles"), lines)


def _fused_cells(reached: tuple[float, int]) -> tuple[str, str, str]:
    accuracy, particles = reached
    return percent(accuracy), "", f"{particles:,}"


def _detection_lines(measured: Measured) -> list[Sequence[object]]:
    """F1 on composed frames of the stated doses and of all, and on real frames if there were any."""
    stated = together([measured.by_band[band] for band in DOSE_BANDS if band[0] >= STATED])
    every = together(list(measured.by_band.values()))
    compared = [
        ("F1 on composed frames, 300 e/Å² and more", "0.97", stated),
        ("F1 on composed frames, from 20 e/Å²", "0.97", every),
    ]
    if measured.real is not None:
        compared.append(("F1 on real frames", "0.99", measured.real))
    return [(name, aim, f"{c.f1:.3f}", f"{c.frames} frames", c.counted) for name, aim, c in compared]


def _reference_lines(measured: Measured) -> list[Sequence[object]]:
    """Accuracy on another simulator's images, if there were any."""
    if measured.reference is None:
        return []
    p, metadata = measured.reference
    enough = metadata["dose_e_per_a2"] >= STATED
    labels, structures = metadata["label"][enough], metadata["wave"][enough]
    basis = (f"{int(enough.sum()):,}", f"{len(np.unique(structures)):,}")
    right = percent(float((p[enough].argmax(1) == labels).mean()))
    surest = percent(accuracy_on_surest(p[enough], labels, 0.7))
    return [
        ("right of all, another simulator's images, %", "92", right, *basis),
        ("right of its surest 70 %, another simulator's images, %", "99", surest, *basis),
    ]


def basis_section(measured: Measured) -> str:
    """How many images and structures set temperature and threshold, and how many are measured."""
    predictions = measured.predictions
    named = predictions.metadata["label"] >= 0
    lines = []
    for name, split in (
        ("sets temperature and threshold", predictions.calibration),
        ("is measured", ~predictions.calibration),
    ):
        structures = predictions.metadata["wave"][split & named]
        lines.append((name, f"{len(structures):,}", f"{len(np.unique(structures)):,}"))
    text = table(("half of the held-out dataset", "images", "structures"), lines)
    classifier_steps, detector_steps = measured.steps
    return (
        f"{BASIS}{text}\n\n"
        f"Temperature {predictions.temperature:.3f}, threshold {predictions.threshold:.2f} at an error level of "
        f"{100 * predictions.error_level:g} %. Steps: classifier {classifier_steps:,}, detector {detector_steps:,}. "
        f"The controlled experiments draw on {len(measured.held_out.waves):,} particles of the test split; their "
        "tables count those that find room in a frame and lie in it whole."
    )

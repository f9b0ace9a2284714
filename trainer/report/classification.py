"""Sections of the report on what the classifier gets right: by class, by condition, beside size or outline alone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trainer.evaluation.baselines import nearest_neighbours, outline_features, size_features
from trainer.evaluation.calibration import confusion_counts
from trainer.evaluation.controlled import HeldOut
from trainer.evaluation.metrics import BINS
from trainer.evaluation.predictions import Predictions
from trainer.report import plots
from trainer.report.tables import ACCURACY_HEAD, CONDITION_NAMES, accuracy_cells, percent, picture, table


def confusion_section(predictions: Predictions, classes: Sequence[str], least_dose: float, pictures: Path) -> str:
    """Matrix at the shipped threshold, and recall and precision of every class without `unknown`."""
    p, metadata = predictions.test_split(least_dose=least_dose)
    counts = confusion_counts(p, metadata["label"], predictions.threshold)
    plots.confusion(pictures / "confusion.png", counts, classes)
    matrix = table(
        ("true shape", *classes, "unknown"),
        [(name, *(f"{int(n):,}" for n in row)) for name, row in zip(classes, counts, strict=True)],
    )
    answers = p.argmax(1)
    recall = []
    for number, name in enumerate(classes):
        true, given = metadata["label"] == number, answers == number
        precision = percent(float(true[given].mean())) if given.any() else "—"
        recall.append((name, *accuracy_cells(answers[true] == number, metadata["wave"][true]), precision))
    by_class = table(("shape", *ACCURACY_HEAD, "precision, %"), recall)
    return "\n\n".join([matrix, picture("confusion.png", "confusion matrix"), by_class])


def condition_section(predictions: Predictions, elements: Sequence[str], least_dose: float) -> str:
    """Accuracy by every condition, and what size or outline alone would reach."""
    blocks = []
    for key, edges in BINS.items():
        dose = 0.0 if key == "dose_e_per_a2" else least_dose
        p, metadata = predictions.test_split(least_dose=dose)
        right, values = p.argmax(1) == metadata["label"], np.abs(metadata[key])
        lines = []
        for low, high in itertools.pairwise(edges):
            inside = (values >= low) & (values < high)
            lines.append((f"{low:g}–{high:g}", *accuracy_cells(right[inside], metadata["wave"][inside])))
        blocks.append(table((CONDITION_NAMES[key], *ACCURACY_HEAD), lines))
    p, metadata = predictions.test_split(least_dose=least_dose)
    right = p.argmax(1) == metadata["label"]
    lines = [
        (
            element,
            *accuracy_cells(right[metadata["element"] == element], metadata["wave"][metadata["element"] == element]),
        )
        for element in elements
    ]
    blocks.append(table(("element", *ACCURACY_HEAD), lines))
    return "\n\n".join(blocks)


def baseline_section(held_out: HeldOut) -> str:
    """Nearest neighbours among training particles, by size and by the true outline."""
    classes = len(held_out.recipe.shapes)
    labels = np.array([w.index % classes for w in held_out.waves])
    known = np.array([row[0] for row in held_out.training_classes_and_diameters])
    waves = np.array([w.index for w in held_out.waves])
    by_size = nearest_neighbours(
        size_features([row[1] for row in held_out.training_classes_and_diameters]),
        known,
        size_features([w.diameter_nm for w in held_out.waves]),
        classes,
    )
    by_outline = nearest_neighbours(
        outline_features(held_out.training_masks), known, outline_features([w.mask for w in held_out.waves]), classes
    )
    return (
        table(
            ("what is known", *ACCURACY_HEAD),
            [
                ("nothing (chance)", percent(1 / classes), "", "", ""),
                ("the exact size", *accuracy_cells(by_size.argmax(1) == labels, waves)),
                ("the exact outline, without noise", *accuracy_cells(by_outline.argmax(1) == labels, waves)),
            ],
        )
        + f"\n\n{len(known):,} training particles are the neighbours; chance is one in {classes}."
    )

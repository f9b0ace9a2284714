"""Sections of the report on what the classifier gets right: by class, condition and study, fused, in perfect views."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.baselines import nearest_neighbours, outline_features, size_features
from trainer.evaluation.calibration import calibration_error_by_chance, confusion_counts, expected_calibration_error
from trainer.evaluation.controlled import Material
from trainer.evaluation.predictions import BINS, Judgement, accuracy_of, fused_views
from trainer.evaluation.probe_images import FRAMES
from trainer.report import plots
from trainer.report.tables import accuracy_cells, class_shares, interval, percent, picture, table

ACCURACY_HEAD = ("accuracy, %", "95 % interval", "images", "structures")
Answered = tuple[NDArray[np.float64], dict[str, NDArray[Any]]]
"""Calibrated probabilities (n, k) of patches, and their rows."""
NAMES = {
    "dose_e_per_a2": "dose, e/Å²",
    "defocus_nm": "abs(defocus), nm",
    "diameter_nm": "diameter, nm",
    "pixel_size_nm": "pixel size, nm",
    "film_nm": "film, nm",
    "zone_deg": "angle to the nearest zone axis, °",
}


def confusion_section(judged: Judgement, classes: Sequence[str], least_dose: float, pictures: Path) -> str:
    """Matrix at the shipped threshold, and recall and precision of every class without `unknown`."""
    p, rows = judged.measured(least_dose=least_dose)
    counts = confusion_counts(p, rows["label"], judged.threshold)
    plots.confusion(pictures / "confusion.png", counts, classes)
    matrix = table(
        ("true shape", *classes, "unknown"),
        [(c, *(f"{int(n):,}" for n in row)) for c, row in zip(classes, counts, strict=True)],
    )
    answers = p.argmax(1)
    recall = []
    for n, name in enumerate(classes):
        own = rows["label"] == n
        given = answers == n
        precision = percent(float((rows["label"][given] == n).mean())) if given.any() else "—"
        recall.append((name, *accuracy_cells(answers[own] == n, rows["wave"][own]), precision))
    by_class = table(("shape", *ACCURACY_HEAD, "precision, %"), recall)
    return "\n\n".join([matrix, picture("confusion.png", "confusion matrix"), by_class])


def condition_section(judged: Judgement, of: Material, least_dose: float) -> str:
    """Accuracy by every condition, and what size or outline alone would reach."""
    blocks = []
    for key, edges in BINS.items():
        dose = 0.0 if key == "dose_e_per_a2" else least_dose
        p, rows = judged.measured(least_dose=dose)
        right, values = p.argmax(1) == rows["label"], np.abs(rows[key])
        lines = []
        for low, high in itertools.pairwise(edges):
            inside = (values >= low) & (values < high)
            lines.append((f"{low:g}–{high:g}", *accuracy_cells(right[inside], rows["wave"][inside])))
        blocks.append(table((NAMES[key], *ACCURACY_HEAD), lines))
    p, rows = judged.measured(least_dose=least_dose)
    right = p.argmax(1) == rows["label"]
    lines = [
        (element, *accuracy_cells(right[rows["element"] == element], rows["wave"][rows["element"] == element]))
        for element in of.recipe.elements
    ]
    blocks.append(table(("element", *ACCURACY_HEAD), lines))
    return "\n\n".join(blocks)


def baseline_section(of: Material) -> str:
    """Nearest neighbours among training particles, by size and by the true outline."""
    classes = len(of.recipe.shapes)
    labels = np.array([w.index % classes for w in of.waves])
    known = np.array([row[0] for row in of.seen_rows])
    waves = np.array([w.index for w in of.waves])
    by_size = nearest_neighbours(
        size_features([row[1] for row in of.seen_rows]),
        known,
        size_features([w.diameter_nm for w in of.waves]),
        classes,
    )
    by_outline = nearest_neighbours(
        outline_features(of.seen_masks), known, outline_features([w.mask for w in of.waves]), classes
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


def study_section(
    name: str,
    label: str,
    answered: Mapping[float | str, Answered],
    classes: Sequence[str],
    pictures: Path,
    *,
    logarithmic: bool = False,
) -> str:
    """Accuracy by one condition that was set, of all and of every class, as a table and (for numbers) a curve."""
    lines, by_class = [], np.zeros((len(answered), len(classes)))
    lows, highs, means = [], [], []
    for row, (value, (p, rows)) in enumerate(answered.items()):
        right = p.argmax(1) == rows["label"]
        by_class[row] = class_shares(right, rows["label"], len(classes))
        cells = accuracy_cells(right, rows["wave"])
        means.append(float(right.mean()))
        low, high = interval(right, rows["wave"])
        lows.append(low)
        highs.append(high)
        shown = value if isinstance(value, str) else f"{value:g}"
        lines.append((shown, *cells, *(percent(a) for a in by_class[row])))
    text = table((label, *ACCURACY_HEAD, *(c.replace("_", " ") for c in classes)), lines)
    if all(isinstance(v, float) for v in answered):
        curves = {"all": means} | {c.replace("_", " "): list(by_class[:, n]) for n, c in enumerate(classes)}
        values = [float(v) for v in answered]
        plots.curve(pictures / f"{name}.png", label, values, curves, (lows, highs), logarithmic=logarithmic)
        text += "\n\n" + picture(f"{name}.png", f"accuracy over {label}")
    return text


def binned(answered: Answered, key: str, edges: Sequence[float]) -> dict[float, Answered]:
    """Parts of some answers by a condition, each under the middle of its bin; bins without answers are left out."""
    p, rows = answered
    parts: dict[float, Answered] = {}
    for low, high in itertools.pairwise(edges):
        inside = (rows[key] >= low) & (rows[key] < high)
        if inside.any():
            parts[(low + high) / 2] = (p[inside], {name: column[inside] for name, column in rows.items()})
    return parts


def fused_section(answered: Mapping[str, Answered], seed: int) -> tuple[str, dict[tuple[str, int], tuple[float, int]]]:
    """(text, (accuracy, particles) by kind and number of images) of particles whose images are fused as the agent
    fuses them."""
    lines, reached = [], {}
    for name, (p, rows) in answered.items():
        for views in (1, 2, FRAMES):
            fused, labels = fused_views(p, rows, views, np.random.default_rng(seed))
            reached[name, views] = accuracy_of(fused, labels), len(labels)
            cells = accuracy_cells(fused.argmax(1) == labels, np.arange(len(labels)))
            error = f"{expected_calibration_error(fused, labels):.3f}"
            chance = f"{calibration_error_by_chance(fused, np.random.default_rng(0)):.3f}"
            lines.append((name, views, *cells[:2], cells[3], error, chance))
    head = ("images", "fused", *ACCURACY_HEAD[:2], "structures", "calibration error", "of it by chance")
    return table(head, lines), reached


def ladder_section(answered: Mapping[str, Answered], classes: Sequence[str]) -> str:
    """Accuracy as the view becomes perfect, and at the perfect view by zone angle and class."""
    lines = []
    for name, (p, rows) in answered.items():
        right = p.argmax(1) == rows["label"]
        each = class_shares(right, rows["label"], len(classes))
        lines.append((name, *accuracy_cells(right, rows["wave"]), *(percent(a) for a in each)))
    steps = table(("view", *ACCURACY_HEAD, *(c.replace("_", " ") for c in classes)), lines)
    last = list(answered.values())[-1]
    angles = []
    for middle, (p, rows) in binned(last, "zone_deg", BINS["zone_deg"]).items():
        right = p.argmax(1) == rows["label"]
        angles.append((f"{middle:g}", *accuracy_cells(right, rows["wave"])))
    return steps + "\n\n" + table(("last line, by angle to a zone axis (middle of the bin), °", *ACCURACY_HEAD), angles)


def learning_section(path: Path, pictures: Path) -> str:
    """The learning curve that training runs have left, if any."""
    if not path.exists():
        return f"`{path.name}` is not there: no runs on smaller stocks were made, so there is no learning curve."
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    lines.sort(key=lambda line: line["exit_waves"])
    waves = [float(line["exit_waves"]) for line in lines]
    plots.curve(
        pictures / "learning.png",
        "exit waves",
        waves,
        {"accuracy": [float(line["accuracy"]) for line in lines]},
        logarithmic=True,
    )
    rows = [
        (f"{line['exit_waves']:,}", f"{line['image_passes']:,}", percent(float(line["accuracy"]))) for line in lines
    ]
    return (
        table(("exit waves", "images seen in training", "accuracy, %"), rows)
        + "\n\n"
        + picture("learning.png", "learning curve")
    )

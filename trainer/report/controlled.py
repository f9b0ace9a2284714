"""Sections of the report on experiments: one condition set, several images fused, perfect views, more training."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trainer.evaluation.calibration import calibration_error_by_chance, expected_calibration_error
from trainer.evaluation.metrics import BINS, accuracy_of, fused_views
from trainer.evaluation.predictions import Answered
from trainer.evaluation.probe_images import FRAMES
from trainer.report import plots
from trainer.report.tables import ACCURACY_HEAD, accuracy_cells, class_shares, interval, percent, picture, table


def experiment_section(
    name: str,
    label: str,
    answered: Mapping[float | str, Answered],
    classes: Sequence[str],
    pictures: Path,
    *,
    logarithmic: bool = False,
) -> str:
    """Accuracy by one condition that was set, of all and of every class, as a table and (for numbers) a curve.

    Args:
        name: of the picture's file.
        label: of the condition with its unit, as the reader sees it.
        answered: probabilities (n, k) and metadata by the value of the condition.
        classes: k names.
        pictures: folder that the curve is drawn into.
        logarithmic: whether the curve's values are.
    """
    lines, by_class = [], np.zeros((len(answered), len(classes)))
    lows, highs, means = [], [], []
    for row, (value, (p, metadata)) in enumerate(answered.items()):
        right = p.argmax(1) == metadata["label"]
        by_class[row] = class_shares(right, metadata["label"], len(classes))
        cells = accuracy_cells(right, metadata["wave"])
        means.append(float(right.mean()))
        low, high = interval(right, metadata["wave"])
        lows.append(low)
        highs.append(high)
        shown = value if isinstance(value, str) else f"{value:g}"
        lines.append((shown, *cells, *(percent(a) for a in by_class[row])))
    text = table((label, *ACCURACY_HEAD, *(name.replace("_", " ") for name in classes)), lines)
    # Only values that are numbers can be drawn over an axis.
    if all(isinstance(value, float) for value in answered):
        curves = {"all": means} | {
            name.replace("_", " "): list(by_class[:, number]) for number, name in enumerate(classes)
        }
        values = [float(value) for value in answered]
        plots.curve(pictures / f"{name}.png", label, values, curves, (lows, highs), logarithmic=logarithmic)
        text += "\n\n" + picture(f"{name}.png", f"accuracy over {label}")
    return text


def binned(answered: Answered, key: str, edges: Sequence[float]) -> dict[float, Answered]:
    """Parts of some answers by a condition, each under the middle of its bin; bins without answers are left out."""
    p, metadata = answered
    parts: dict[float, Answered] = {}
    for low, high in itertools.pairwise(edges):
        inside = (metadata[key] >= low) & (metadata[key] < high)
        if inside.any():
            parts[(low + high) / 2] = (p[inside], {name: column[inside] for name, column in metadata.items()})
    return parts


def fused_section(answered: Mapping[str, Answered], seed: int) -> tuple[str, dict[tuple[str, int], tuple[float, int]]]:
    """(text, (accuracy, particles) by kind and number of images) of particles whose images are fused as the agent
    fuses them."""
    lines, reached = [], {}
    for name, (p, metadata) in answered.items():
        for views in (1, 2, FRAMES):
            fused, labels = fused_views(p, metadata, views, np.random.default_rng(seed))
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
    for name, (p, metadata) in answered.items():
        right = p.argmax(1) == metadata["label"]
        each = class_shares(right, metadata["label"], len(classes))
        lines.append((name, *accuracy_cells(right, metadata["wave"]), *(percent(a) for a in each)))
    steps = table(("view", *ACCURACY_HEAD, *(name.replace("_", " ") for name in classes)), lines)
    last = list(answered.values())[-1]
    angles = []
    for middle, (p, metadata) in binned(last, "zone_deg", BINS["zone_deg"]).items():
        right = p.argmax(1) == metadata["label"]
        angles.append((f"{middle:g}", *accuracy_cells(right, metadata["wave"])))
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

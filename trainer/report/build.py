"""One command to the report: measure, then Markdown and its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer.data.dataset import Patches
from trainer.evaluation.metrics import BINS
from trainer.evaluation.predictions import Answered
from trainer.evaluation.probe_images import SEED
from trainer.report import by_view, classification, controlled, detection, texts, uncertainty
from trainer.report.aims import EACH_STATE, ONE_STATE, STATED, aims_section, basis_section
from trainer.report.measure import Measured, ReportPlan, measure
from trainer.report.outside import reference_section, uncorrected_section

POPULATION_DOSE_E_PER_A2 = 100.0
"""Least dose of the answers that populations are drawn from."""


def write(plan: ReportPlan, out: Path, command: str) -> None:
    """Measure and write the report with its pictures beside it; `command` made it.

    Raises:
        ValueError: something named in the plan is not what it should be.
        OSError: something named in the plan is not there, or the report cannot be written.
    """
    measured = measure(plan)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(report(measured, out.parent / "pictures", command), encoding="utf-8")


def report(measured: Measured, pictures: Path, command: str) -> str:
    """The whole report; pictures are drawn on the way."""
    predictions, classes, unfamiliar = measured.predictions, measured.classes, measured.out_of_distribution
    fused_text, fused = controlled.fused_section(
        {
            EACH_STATE: measured.answered(measured.probes.refocused),
            ONE_STATE: measured.answered(measured.probes.repeated),
        },
        SEED,
    )
    sections = {
        "Aims": aims_section(measured, fused),
        "What this rests on": basis_section(measured),
        # What the classifier gets right.
        "Confusion": texts.CONFUSION + classification.confusion_section(predictions, classes, STATED, pictures),
        "Accuracy by condition": texts.CONDITIONS
        + classification.condition_section(predictions, measured.held_out.recipe.elements, STATED),
        "What size or outline alone would reach": classification.baseline_section(measured.held_out),
        "Controlled experiments": texts.CONTROLLED + _controlled(measured, pictures),
        # How far its probabilities can be trusted.
        "How sure: calibration": uncertainty.calibration_section(predictions, STATED, pictures),
        "Is the doubt right for every view?": texts.VIEWS + by_view.views_section(predictions, STATED),
        "How sure: `unknown`": texts.UNKNOWN + uncertainty.unknown_section(predictions, unfamiliar, STATED, pictures),
        "Out-of-distribution inputs": texts.OUT_OF_DISTRIBUTION
        + uncertainty.out_of_distribution_section(predictions, unfamiliar, classes),
        "Fractions of a population": texts.POPULATION
        + uncertainty.population_section(predictions, POPULATION_DOSE_E_PER_A2, measured.plan.populations, SEED),
        # What more images, better images and more training give.
        "Several images of a particle": texts.FUSED + fused_text,
        "Where the view leaves no answer": texts.LADDER + _ladder(measured),
        "Learning curve": controlled.learning_section(measured.plan.learning, pictures),
        # What the detector finds.
        "Finding particles in composed frames": texts.COMPOSED_FRAMES
        + detection.simulated_section(measured.by_band, measured.uncorrected),
        "Finding particles in real frames": _real(measured),
        "The published table": texts.PUBLISHED + detection.published_section(measured.detector, measured.probes.silver),
        # Outside of what calibration is set for.
        "A microscope without a corrector": uncorrected_section(measured),
        "Another simulator": reference_section(measured),
    }
    body = "\n\n".join(f"## {title}\n{text}" for title, text in sections.items())
    return f"# What the model does\n{texts.INTRODUCTION}\n```\n{command}\n```\n\n{body}\n"


def _controlled(measured: Measured, pictures: Path) -> str:
    """Conditions that were set, on probe images; and conditions that the held-out dataset has by itself."""

    def experiment(name: str, label: str, probes: Mapping[Any, Patches], *, logarithmic: bool = False) -> str:
        answered = {value: measured.answered(patches) for value, patches in probes.items()}
        return controlled.experiment_section(name, label, answered, measured.classes, pictures, logarithmic=logarithmic)

    def of_the_dataset(name: str, label: str, key: str) -> str:
        binned = controlled.binned(measured.predictions.test_split(least_dose=STATED), key, BINS[key])
        parts: dict[float | str, Answered] = dict(binned.items())
        return controlled.experiment_section(name, label, parts, measured.classes, pictures)

    probes = measured.probes
    parts = {
        "Film model": experiment("film", "film", probes.film),
        "Resolution: pixel size": experiment("pixel", "pixel size, nm", probes.pixel),
        "Resolution: aperture": experiment("aperture", "aperture radius, 1/nm", probes.aperture),
        "Focus": experiment("focus", "C1, nm (negative: underfocus)", probes.focus),
        "Dose": experiment("dose", "dose, e/Å²", probes.dose, logarithmic=True),
        "Size": of_the_dataset("size", "diameter, nm", "diameter_nm"),
        "Orientation": of_the_dataset("orientation", "angle to a zone axis, °", "zone_deg"),
    }
    return "\n\n".join(f"### {title}\n{text}" for title, text in parts.items())


def _ladder(measured: Measured) -> str:
    answered = {name: measured.answered(patches) for name, patches in measured.probes.ladder.items()}
    return controlled.ladder_section(answered, measured.classes)


def _real(measured: Measured) -> str:
    if measured.real is None:
        return "No real frames were given (`--real`)."
    return texts.REAL_FRAMES + detection.real_section(measured.real, measured.vacuum)

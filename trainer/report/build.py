"""One command to the report: measure, then Markdown and its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trainer.data.dataset import Patches
from trainer.evaluation.calibration import (
    accuracy_on_surest,
    calibration_error_by_chance,
    coverage_at,
    expected_calibration_error,
)
from trainer.evaluation.frames import DOSE_BANDS, together
from trainer.evaluation.predictions import BINS, accuracy_of
from trainer.evaluation.probe_images import FRAMES, SEED, STATED_DOSE
from trainer.report import by_view as report_views
from trainer.report import classification as report_shapes
from trainer.report import detection as report_detector
from trainer.report import uncertainty as report_honesty
from trainer.report.measure import Measured, Plan, measure
from trainer.report.tables import accuracy_cells, percent, table
from trainer.report.texts import (
    BASIS,
    CONDITIONS,
    CONFUSION,
    FOUND,
    FUSED,
    INTRODUCTION,
    LADDER,
    POPULATION,
    PUBLISHED,
    REAL,
    SECOND,
    STRANGE,
    STUDIES,
    UNKNOWN,
    VIEWS,
    WITHOUT,
)

STATED = STATED_DOSE[0]
OWN, SAME = "each in a lens state of its own", "all in one lens state"


def write(plan: Plan, out: Path, command: str) -> None:
    """Measure and write the report with its pictures beside it; `command` made it. Raises as `measure` does."""
    measured = measure(plan)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(report(measured, out.parent / "pictures", command), encoding="utf-8")


def report(m: Measured, pictures: Path, command: str) -> str:
    """The whole report; pictures are drawn on the way."""
    fused_text, fused = report_shapes.fused_section(
        {OWN: m.answered(m.seen.refocused), SAME: m.answered(m.seen.repeated)}, SEED
    )
    sections = [
        ("Aims", _aims(m, fused)),
        ("What this rests on", _basis(m)),
        ("Confusion", CONFUSION + report_shapes.confusion_section(m.judged, m.classes, STATED, pictures)),
        ("Accuracy by condition", CONDITIONS + report_shapes.condition_section(m.judged, m.of, STATED)),
        ("What size or outline alone would reach", report_shapes.baseline_section(m.of)),
        ("Five studies", _studies(m, pictures)),
        ("How sure: calibration", report_honesty.calibration_section(m.judged, STATED, pictures)),
        ("Is the doubt right for every view?", VIEWS + report_views.views_section(m.judged, STATED)),
        ("How sure: `unknown`", UNKNOWN + report_honesty.unknown_section(m.judged, m.strange, STATED, pictures)),
        ("Strange inputs", STRANGE + report_honesty.strange_section(m.judged, m.strange, m.classes)),
        (
            "Fractions of a population",
            POPULATION + report_honesty.population_section(m.judged, 100.0, m.plan.populations, SEED),
        ),
        ("Several images of a particle", FUSED + fused_text),
        ("Where the view leaves no answer", LADDER + _ladder(m)),
        ("Learning curve", report_shapes.learning_section(m.plan.learning, pictures)),
        ("Finding particles in composed frames", FOUND + report_detector.simulated_section(m.by_band, m.uncorrected)),
        ("Finding particles in real frames", _real(m)),
        ("The published table", PUBLISHED + report_detector.published_section(m.detector, m.seen.silver)),
        ("A microscope without a corrector", _without_corrector(m)),
        ("Another simulator", _second(m)),
    ]
    body = "\n\n".join(f"## {title}\n{text}" for title, text in sections)
    return f"# What the engine does\n{INTRODUCTION}\n```\n{command}\n```\n\n{body}\n"


def _aims(m: Measured, fused: Mapping[tuple[str, int], tuple[float, int]]) -> str:
    p, rows = m.judged.measured(least_dose=STATED)
    labels = rows["label"]
    images, structures = f"{len(p):,}", f"{len(np.unique(rows['wave'])):,}"
    high = together([m.by_band[band] for band in DOSE_BANDS if band[0] >= STATED])
    every = together(list(m.by_band.values()))
    error = expected_calibration_error(p, labels)
    chance = calibration_error_by_chance(p, np.random.default_rng(0))
    lines: list[Sequence[object]] = [
        ("right of all, %", "92", percent(accuracy_of(p, labels)), images, structures),
        ("right of the surest 70 %, %", "99", percent(accuracy_on_surest(p, labels, 0.7)), images, structures),
        (f"right, {FRAMES} images of a particle fused, {OWN}, %", "96", *_fused_cells(fused[OWN, FRAMES])),
        (f"the same, {SAME}, %", "96", *_fused_cells(fused[SAME, FRAMES])),
        (f"calibration error (of it {chance:.3f} by chance)", "0.02", f"{error:.3f}", images, structures),
        ("F1 on composed frames, 300 e/Å² and more", "0.97", f"{high.f1:.3f}", f"{high.frames} frames", high.wanted),
        ("F1 on composed frames, from 20 e/Å²", "0.97", f"{every.f1:.3f}", f"{every.frames} frames", every.wanted),
    ]
    if m.real is not None:
        lines.append(("F1 on real frames", "0.99", f"{m.real.f1:.3f}", f"{m.real.frames} frames", m.real.wanted))
    if m.second is not None:
        other, own = m.second
        keep = own["dose_e_per_a2"] >= STATED
        right = other[keep].argmax(1) == own["label"][keep]
        basis = (f"{int(keep.sum()):,}", f"{len(np.unique(own['wave'][keep])):,}")
        lines.append(("right of all, another simulator's images, %", "92", percent(float(right.mean())), *basis))
        surest = accuracy_on_surest(other[keep], own["label"][keep], 0.7)
        lines.append(("right of its surest 70 %, another simulator's images, %", "99", percent(surest), *basis))
    note = f"Shapes at {STATED:g} e/Å² and more, by a microscope with a corrector; no `unknown` unless it is named.\n\n"
    return note + table(("", "aim", "reached", "images", "structures or particles"), lines)


def _fused_cells(reached: tuple[float, int]) -> tuple[str, str, str]:
    accuracy, particles = reached
    return percent(accuracy), "", f"{particles:,}"


def _basis(m: Measured) -> str:
    rows, setting = m.judged.rows, m.judged.setting
    named = rows["label"] >= 0
    lines = []
    for name, chosen in (("sets temperature and threshold", setting), ("is measured", ~setting)):
        own = chosen & named
        lines.append((name, f"{int(own.sum()):,}", f"{len(np.unique(rows['wave'][own])):,}"))
    text = table(("half of the held-out bank", "images", "structures"), lines)
    return (
        f"{BASIS}{text}\n\nTemperature {m.judged.temperature:.3f}, threshold {m.judged.threshold:.2f} at an error "
        f"level of {100 * m.judged.error_level:g} %. Steps: classifier {m.steps[0]:,}, detector {m.steps[1]:,}. "
        f"Studies draw on {len(m.of.waves):,} particles of the measured half; their tables count those "
        "that find room in a frame and lie in it whole."
    )


def _studies(m: Measured, pictures: Path) -> str:
    def study(name: str, label: str, seen: Mapping[Any, Patches], *, logarithmic: bool = False) -> str:
        answered = {value: m.answered(patches) for value, patches in seen.items()}
        return report_shapes.study_section(name, label, answered, m.classes, pictures, logarithmic=logarithmic)

    def of_the_bank(name: str, label: str, key: str) -> str:
        binned = report_shapes.binned(m.judged.measured(least_dose=STATED), key, BINS[key])
        parts: dict[float | str, report_shapes.Answered] = {edge: answered for edge, answered in binned.items()}
        return report_shapes.study_section(name, label, parts, m.classes, pictures)

    parts = [
        ("Film model", study("film", "film", m.seen.film)),
        ("Resolution: pixel size", study("pixel", "pixel size, nm", m.seen.pixel)),
        ("Resolution: aperture", study("aperture", "aperture radius, 1/nm", m.seen.aperture)),
        ("Focus", study("focus", "C1, nm (negative: underfocus)", m.seen.focus)),
        ("Dose", study("dose", "dose, e/Å²", m.seen.dose, logarithmic=True)),
        ("Size", of_the_bank("size", "diameter, nm", "diameter_nm")),
        ("Orientation", of_the_bank("orientation", "angle to a zone axis, °", "zone_deg")),
    ]
    return STUDIES + "\n\n".join(f"### {title}\n{text}" for title, text in parts)


def _ladder(m: Measured) -> str:
    return report_shapes.ladder_section({k: m.answered(v) for k, v in m.seen.ladder.items()}, m.classes)


def _real(m: Measured) -> str:
    if m.real is None:
        return "No real frames were given (`--real`)."
    return REAL + report_detector.real_section(m.real, m.vacuum)


def _without_corrector(m: Measured) -> str:
    p, rows = m.judged.measured(least_dose=STATED, corrected=False)
    if not len(p):
        return "The bank has none."
    right = p.argmax(1) == rows["label"]
    head = ("", *report_shapes.ACCURACY_HEAD, "calibration error", "errors of the named, %", "named, %")
    named = p.max(1) >= m.judged.threshold
    wrong = percent(float((~right[named]).mean())) if named.any() else "—"
    error = f"{expected_calibration_error(p, rows['label']):.3f}"
    cells = (*accuracy_cells(right, rows["wave"]), error, wrong, percent(float(named.mean())))
    return WITHOUT + table(head, [("C3 of 0.5 to 1.2 mm, C1 of -150 to -30 nm", *cells)])


def _second(m: Measured) -> str:
    if m.second is None:
        return "No bank of another simulator was given (`--second`)."
    p, rows = m.second
    lines: list[Sequence[object]] = []
    for name, least in (("100 e/Å² and more", 100.0), ("300 e/Å² and more", STATED)):
        keep = rows["dose_e_per_a2"] >= least
        own, labels = p[keep], rows["label"][keep]
        right, named = own.argmax(1) == labels, own.max(1) >= m.judged.threshold
        wrong = percent(float((~right[named]).mean())) if named.any() else "—"
        surest = percent(accuracy_on_surest(own, labels, 0.7))
        error = f"{expected_calibration_error(own, labels):.3f}"
        share = percent(coverage_at(own, labels, 0.95))
        cells = accuracy_cells(right, rows["wave"][keep])
        lines.append((name, *cells, surest, share, error, wrong, percent(float(named.mean()))))
    classes = [
        (c, *accuracy_cells(p[rows["label"] == n].argmax(1) == n, rows["wave"][rows["label"] == n]))
        for n, c in enumerate(m.classes)
    ]
    head = ("surest 70 %, %", "answered at 95 %, %", "calibration error", "errors of the named, %", "named, %")
    return (
        SECOND
        + table(("dose", *report_shapes.ACCURACY_HEAD, *head), lines)
        + "\n\n"
        + table(("shape, 100 e/Å² and more", *report_shapes.ACCURACY_HEAD), classes)
    )

"""Sections of the report on doubt: reliability, `unknown`, strange inputs, populations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from agent.core.calibration import probabilities
from agent.core.statistics.prevalence import wilson
from trainer.evaluation.calibration import (
    accuracy_on_surest,
    calibration_error_by_chance,
    coverage_at,
    expected_calibration_error,
    fit_temperature,
    fit_vector,
    negative_log_likelihood,
    reliability,
    risk_coverage,
    threshold_for,
)
from trainer.evaluation.predictions import Judgement, accuracy_of, envelope
from trainer.evaluation.prevalence import POPULATIONS, SIZES, interval_coverage
from trainer.report import plots
from trainer.report.tables import percent, picture, table

FAINT_BELOW_E_PER_A2 = 60.0
"""Too few electrons to see much: the envelope of shapes begins at 100."""
LEVELS = (0.01, 0.02, 0.05, 0.10, 0.20)


def calibration_section(judged: Judgement, least_dose: float, pictures: Path) -> str:
    """Ways to calibrate, compared on the measured half; the bins of the one that is shipped."""
    rows, setting = judged.rows, judged.setting & envelope(judged.rows)
    chosen = ~judged.setting & envelope(rows, least_dose=least_dose)
    scale, shift = fit_vector(judged.logits[setting], rows["label"][setting])
    ways = {
        "none": probabilities(judged.logits, 1.0),
        f"temperature {judged.temperature:.3f} (shipped)": judged.p,
        "a factor and a summand a class": probabilities(judged.logits * scale + shift, 1.0),
        "a temperature a dose decade": _by_dose(judged, setting),
    }
    labels = rows["label"][chosen]
    lines = [
        (
            name,
            f"{expected_calibration_error(p[chosen], labels):.4f}",
            f"{calibration_error_by_chance(p[chosen], np.random.default_rng(0)):.4f}",
            f"{negative_log_likelihood(p[chosen], labels):.4f}",
            percent(accuracy_of(p[chosen], labels)),
        )
        for name, p in ways.items()
    ]
    head = ("calibration", "calibration error", "of it by chance", "negative log-likelihood", "accuracy, %")
    bins = reliability(judged.p[chosen], labels)
    plots.reliability(pictures / "reliability.png", bins)
    shown = [(f"{b.confidence:.3f}", f"{b.accuracy:.3f}", f"{b.low:.3f}–{b.high:.3f}", f"{b.answers:,}") for b in bins]
    return "\n\n".join(
        [
            table(head, lines),
            "*By chance*: what 15 bins of so many images show on average when every probability is exactly right and "
            "images are independent.",
            picture("reliability.png", "reliability"),
            table(("mean confidence", "accuracy", "95 % interval", "images"), shown),
        ]
    )


def _by_dose(judged: Judgement, setting: NDArray[np.bool_]) -> NDArray[np.float64]:
    """A temperature for each decade of the dose: only to see whether one for all is enough; a camera's dose is rarely
    known at the microscope."""
    decade = np.floor(np.log10(judged.rows["dose_e_per_a2"])).astype(int)
    p = judged.p.copy()
    for one in np.unique(decade):
        own = setting & (decade == one)
        if own.sum() >= 100:
            temperature = fit_temperature(judged.logits[own], judged.rows["label"][own])
            p[decade == one] = probabilities(judged.logits[decade == one], temperature)
    return p


def _scores(logits: NDArray[np.float64], p: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    ordered = np.sort(p, 1)
    return {
        "largest probability (shipped)": p.max(1),
        "margin to the second": ordered[:, -1] - ordered[:, -2],
        "less entropy": (p * np.log(np.clip(p, 1e-12, None))).sum(1),
        "energy (log of the summed exponentials of the logits)": np.logaddexp.reduce(logits, 1),
    }


def unknown_section(
    judged: Judgement, strange: Mapping[str, NDArray[np.float64]], least_dose: float, pictures: Path
) -> str:
    """Risk and coverage; what each error level costs and whether it was kept; other scores for doubt."""
    rows = judged.rows
    chosen = ~judged.setting & envelope(rows, least_dose=least_dose)
    p, labels = judged.p[chosen], rows["label"][chosen]
    shares = [(percent(a), percent(coverage_at(p, labels, a))) for a in (0.90, 0.95, 0.99)]
    scores = _scores(judged.logits[chosen], p)
    # What is strange was imaged on the whole envelope: what is known must be as hard to see.
    known = ~judged.setting & envelope(rows)
    known_scores = _scores(judged.logits[known], judged.p[known])
    odd = np.concatenate(list(strange.values()))
    odd_scores = _scores(odd, probabilities(odd, judged.temperature))
    curves = {name.split(" (")[0]: risk_coverage(p, labels, s) for name, s in scores.items()}
    plots.risk_coverage(pictures / "risk_coverage.png", curves)
    compared = [
        (
            name,
            f"{1 - float(curves[name.split(' (')[0]][1].mean()):.4f}",
            f"{area_under_curve(known_scores[name], odd_scores[name]):.3f}",
        )
        for name in scores
    ]
    return "\n\n".join(
        [
            table(("accuracy of the answers, %", "share answered, %"), shares),
            f"Of the 70 % it is surest of, {percent(accuracy_on_surest(p, labels, 0.7))} % are right.",
            picture("risk_coverage.png", "risk and coverage"),
            table(
                ("score of certainty", "mean risk over all shares", "area under the curve, known against strange"),
                compared,
            ),
            _levels(judged),
        ]
    )


def _levels(judged: Judgement) -> str:
    """Thresholds set on one half for several error levels, tried on the other half; both on the whole envelope."""
    setting = judged.setting & envelope(judged.rows)
    p, rows = judged.measured()
    wrong = p.argmax(1) != rows["label"]
    lines = []
    for level in sorted({*LEVELS, judged.error_level}):
        threshold = threshold_for(judged.p[setting], judged.rows["label"][setting], judged.rows["wave"][setting], level)
        answered = p.max(1) >= threshold
        errors = float(wrong[answered].mean()) if answered.any() else float("nan")
        structures = len(np.unique(rows["wave"][answered]))
        low, high = wilson(errors * structures, structures) if answered.any() else (0.0, 1.0)
        shipped = " (shipped)" if level == judged.error_level else ""
        lines.append(
            (
                f"{percent(level)}{shipped}",
                f"{threshold:.2f}",
                percent(errors),
                f"{percent(low)}–{percent(high)}",
                percent(float(answered.mean())),
                f"{structures:,}",
            )
        )
    return table(
        ("error level, %", "threshold", "errors on the other half, %", "95 % interval", "answered, %", "structures"),
        lines,
    )


def area_under_curve(known: NDArray[np.float64], strange: NDArray[np.float64]) -> float:
    """Chance that a known input scores higher than a strange one, a tie counting half (Mann and Whitney)."""
    ranks = rankdata(np.concatenate([known, strange]))
    return float((ranks[: len(known)].sum() - len(known) * (len(known) + 1) / 2) / (len(known) * len(strange)))


def strange_section(judged: Judgement, strange: Mapping[str, NDArray[np.float64]], classes: tuple[str, ...]) -> str:
    """Share of strange inputs that is answered `unknown`, and what the others are called."""
    lines: list[tuple[object, ...]] = []
    for name, logits in strange.items():
        p = probabilities(logits, judged.temperature)
        named = p.max(1) >= judged.threshold
        low, high = wilson(float((~named).sum()), len(p))
        counts = np.bincount(p.argmax(1)[named], minlength=len(classes))
        called = ", ".join(f"{classes[n].replace('_', ' ')} {counts[n]}" for n in np.argsort(-counts)[:2] if counts[n])
        lines.append((name, len(p), percent(float((~named).mean())), f"{percent(low)}–{percent(high)}", called or "—"))
    p, _ = judged.measured()
    lines.append(
        (
            "held-out particles, for comparison",
            f"{len(p):,}",
            percent(float((p.max(1) < judged.threshold).mean())),
            "",
            "",
        )
    )
    return table(("input", "patches", "`unknown`, %", "95 % interval", "the others are called"), lines) + _faint(judged)


def _faint(judged: Judgement) -> str:
    """What answers to faint images of known shapes are worth; empty where there are none."""
    p, rows = judged.measured(least_dose=0)
    faint = rows["dose_e_per_a2"] < FAINT_BELOW_E_PER_A2
    if not faint.any():
        return ""
    right, named = p[faint].argmax(1) == rows["label"][faint], p[faint].max(1) >= judged.threshold
    worth = f", of these answers {percent(float(right[named].mean()))} % are right" if named.any() else ""
    return (
        f"\n\nOf {int(faint.sum())} held-out images of known shapes under {FAINT_BELOW_E_PER_A2:g} e/Å², any metal, "
        f"{percent(float(named.mean()))} % are named{worth}."
    )


def population_section(judged: Judgement, least_dose: float, draws: int, seed: int) -> str:
    """How often intervals of fractions hold, by kind and size of the population."""
    p, rows = judged.measured(least_dose=least_dose)
    lines = []
    for name, fractions in POPULATIONS.items():
        for size in SIZES:
            rng = np.random.default_rng([seed, size])
            c = interval_coverage(p, rows, judged.threshold, fractions, size, draws, rng)
            lines.append(
                (
                    *(name, f"{size:,}", percent(c.largest), percent(c.present), percent(c.absent)),
                    *(f"{c.width:.3f}", f"{c.error:.3f}", f"{c.plain_error:.3f}", draws),
                )
            )
    head = (
        *("population", "particles", "held: the largest, %", "all that are there, %", "absent, %"),
        *("width", "error, corrected", "error, plain counts", "populations"),
    )
    return (
        f"{table(head, lines)}\n\n{len(np.unique(rows['wave'])):,} structures, halved anew for every population. What "
        f"is true in 95 % shows in {draws} populations as 95 ± {100 * 1.96 * np.sqrt(0.95 * 0.05 / draws):.0f} %."
    )

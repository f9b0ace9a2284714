"""Sections of the report on uncertainty: reliability, `unknown`, out-of-distribution inputs, populations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from agent.core.calibration import probabilities
from agent.core.statistics.prevalence import wilson
from trainer.evaluation.calibration import (
    calibration_error_by_chance,
    expected_calibration_error,
    fit_temperature,
    fit_vector,
    negative_log_likelihood,
    reliability,
)
from trainer.evaluation.metrics import accuracy_of
from trainer.evaluation.predictions import Predictions, envelope
from trainer.evaluation.prevalence import SIZES, interval_coverage, populations
from trainer.evaluation.selective import accuracy_on_surest, coverage_at, risk_coverage, threshold_for
from trainer.report import plots
from trainer.report.tables import percent, picture, table

FAINT_BELOW_E_PER_A2 = 60.0
"""Too few electrons to see much: the envelope of shapes begins at 100."""
LEVELS = (0.01, 0.02, 0.05, 0.10, 0.20)
"""Error levels that are tried beside the shipped one."""
FEWEST_FOR_A_TEMPERATURE = 100
"""A dose decade with fewer patches keeps the temperature of all."""


def calibration_section(predictions: Predictions, least_dose: float, pictures: Path) -> str:
    """Ways to calibrate, compared on the test split; the bins of the one that is shipped.

    Args:
        predictions: of both splits.
        least_dose: of the measured images, in e/Å².
        pictures: folder that the reliability diagram is drawn into.
    """
    metadata = predictions.metadata
    calibration = predictions.calibration & envelope(metadata)
    measured = ~predictions.calibration & envelope(metadata, least_dose=least_dose)
    # Every way is fitted on the calibration split and has the probabilities (n, k) of all patches.
    factor, summand = fit_vector(predictions.logits[calibration], metadata["label"][calibration])
    ways = {
        "none": probabilities(predictions.logits, 1.0),
        f"temperature {predictions.temperature:.3f} (shipped)": predictions.p,
        "a factor and a summand per class": probabilities(predictions.logits * factor + summand, 1.0),
        "a temperature per dose decade": _by_dose(predictions, calibration),
    }
    labels = metadata["label"][measured]
    lines = [
        (
            name,
            f"{expected_calibration_error(p[measured], labels):.4f}",
            f"{calibration_error_by_chance(p[measured], np.random.default_rng(0)):.4f}",
            f"{negative_log_likelihood(p[measured], labels):.4f}",
            percent(accuracy_of(p[measured], labels)),
        )
        for name, p in ways.items()
    ]
    head = ("calibration", "calibration error", "of it by chance", "negative log-likelihood", "accuracy, %")
    # The diagram and its numbers are of the shipped way alone.
    bins = reliability(predictions.p[measured], labels)
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


def _by_dose(predictions: Predictions, calibration: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probabilities (n, k) with a temperature for each decade of the dose: only to see whether one for all is enough;
    a camera's dose is rarely known at the microscope."""
    decades = np.floor(np.log10(predictions.metadata["dose_e_per_a2"])).astype(int)
    p = predictions.p.copy()
    for decade in np.unique(decades):
        fitted = calibration & (decades == decade)
        if fitted.sum() >= FEWEST_FOR_A_TEMPERATURE:
            temperature = fit_temperature(predictions.logits[fitted], predictions.metadata["label"][fitted])
            p[decades == decade] = probabilities(predictions.logits[decades == decade], temperature)
    return p


def _scores(logits: NDArray[np.float64], p: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Scores (n,) of certainty by name, the surer the larger, from logits and probabilities (n, k)."""
    ordered = np.sort(p, 1)
    return {
        "largest probability (shipped)": p.max(1),
        "margin to the second": ordered[:, -1] - ordered[:, -2],
        "less entropy": (p * np.log(np.clip(p, 1e-12, None))).sum(1),
        "energy (log of the summed exponentials of the logits)": np.logaddexp.reduce(logits, 1),
    }


def unknown_section(
    predictions: Predictions, unfamiliar: Mapping[str, NDArray[np.float64]], least_dose: float, pictures: Path
) -> str:
    """Risk and coverage; what each error level costs and whether it was kept; other scores of certainty.

    Args:
        predictions: of both splits.
        unfamiliar: logits (m, k) of out-of-distribution inputs by the name of their set.
        least_dose: of the measured images, in e/Å².
        pictures: folder that the curves are drawn into.
    """
    metadata = predictions.metadata
    # Risk and coverage are of the test split at the stated doses.
    measured = ~predictions.calibration & envelope(metadata, least_dose=least_dose)
    p, labels = predictions.p[measured], metadata["label"][measured]
    shares = [(percent(a), percent(coverage_at(p, labels, a))) for a in (0.90, 0.95, 0.99)]
    scores = _scores(predictions.logits[measured], p)
    curves = {name.split(" (")[0]: risk_coverage(p, labels, score) for name, score in scores.items()}
    plots.risk_coverage(pictures / "risk_coverage.png", curves)
    # Out-of-distribution inputs were imaged on the whole envelope: the known ones must be as hard to see.
    known = ~predictions.calibration & envelope(metadata)
    known_scores = _scores(predictions.logits[known], predictions.p[known])
    unfamiliar_logits = np.concatenate(list(unfamiliar.values()))
    unfamiliar_scores = _scores(unfamiliar_logits, probabilities(unfamiliar_logits, predictions.temperature))
    compared = [
        (
            name,
            f"{1 - float(curves[name.split(' (')[0]][1].mean()):.4f}",
            f"{area_under_curve(known_scores[name], unfamiliar_scores[name]):.3f}",
        )
        for name in scores
    ]
    certainty = (
        "score of certainty",
        "mean risk over all shares",
        "area under the curve, known against out-of-distribution",
    )
    return "\n\n".join(
        [
            table(("accuracy of the answers, %", "share answered, %"), shares),
            f"Of the 70 % it is surest of, {percent(accuracy_on_surest(p, labels, 0.7))} % are right.",
            picture("risk_coverage.png", "risk and coverage"),
            table(certainty, compared),
            _levels(predictions),
        ]
    )


def _levels(predictions: Predictions) -> str:
    """Thresholds set on the calibration split for several error levels, tried on the test split; both on the whole
    envelope."""
    set_on = predictions.calibration & envelope(predictions.metadata)
    set_p = predictions.p[set_on]
    set_labels, set_structures = (predictions.metadata[key][set_on] for key in ("label", "wave"))
    p, metadata = predictions.test_split()
    wrong = p.argmax(1) != metadata["label"]
    lines = []
    for level in sorted({*LEVELS, predictions.error_level}):
        threshold = threshold_for(set_p, set_labels, set_structures, level)
        answered = p.max(1) >= threshold
        errors = float(wrong[answered].mean()) if answered.any() else float("nan")
        # Views of one structure are not independent: the interval counts structures.
        structures = len(np.unique(metadata["wave"][answered]))
        low, high = wilson(errors * structures, structures) if answered.any() else (0.0, 1.0)
        shipped = " (shipped)" if level == predictions.error_level else ""
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


def area_under_curve(known: NDArray[np.float64], unfamiliar: NDArray[np.float64]) -> float:
    """Chance that a known input has a higher score than an out-of-distribution one, a tie counting half (Mann and
    Whitney). Scores are (n,) and (m,)."""
    ranks = rankdata(np.concatenate([known, unfamiliar]))
    above = ranks[: len(known)].sum() - len(known) * (len(known) + 1) / 2
    return float(above / (len(known) * len(unfamiliar)))


def out_of_distribution_section(
    predictions: Predictions, unfamiliar: Mapping[str, NDArray[np.float64]], classes: tuple[str, ...]
) -> str:
    """Share of out-of-distribution inputs that is answered `unknown`, and what the others are called.

    Args:
        predictions: of the held-out dataset, for temperature, threshold and comparison.
        unfamiliar: logits (m, k) by the name of their set.
        classes: k names.
    """
    lines: list[tuple[object, ...]] = []
    for name, logits in unfamiliar.items():
        p = probabilities(logits, predictions.temperature)
        named = p.max(1) >= predictions.threshold
        low, high = wilson(float((~named).sum()), len(p))
        # The two classes that are named most often.
        counts = np.bincount(p.argmax(1)[named], minlength=len(classes))
        called = ", ".join(f"{classes[n].replace('_', ' ')} {counts[n]}" for n in np.argsort(-counts)[:2] if counts[n])
        lines.append((name, len(p), percent(float((~named).mean())), f"{percent(low)}–{percent(high)}", called or "—"))
    p, _ = predictions.test_split()
    unknown = percent(float((p.max(1) < predictions.threshold).mean()))
    lines.append(("held-out particles, for comparison", f"{len(p):,}", unknown, "", ""))
    head = ("input", "patches", "`unknown`, %", "95 % interval", "the others are called")
    return table(head, lines) + _faint(predictions)


def _faint(predictions: Predictions) -> str:
    """What answers to faint images of known shapes are worth; empty where there are none."""
    p, metadata = predictions.test_split(least_dose=0)
    faint = metadata["dose_e_per_a2"] < FAINT_BELOW_E_PER_A2
    if not faint.any():
        return ""
    right, named = p[faint].argmax(1) == metadata["label"][faint], p[faint].max(1) >= predictions.threshold
    worth = f", of these answers {percent(float(right[named].mean()))} % are right" if named.any() else ""
    return (
        f"\n\nOf {int(faint.sum())} held-out images of known shapes under {FAINT_BELOW_E_PER_A2:g} e/Å², any metal, "
        f"{percent(float(named.mean()))} % are named{worth}."
    )


def population_section(predictions: Predictions, least_dose: float, draws: int, seed: int) -> str:
    """How often intervals of fractions hold, by kind and size of the population.

    Args:
        predictions: of both splits; populations are drawn from the test split.
        least_dose: of the images, in e/Å².
        draws: populations of each kind and size.
        seed: of all draws.

    Raises:
        ValueError: a class has too few structures to halve.
    """
    p, metadata = predictions.test_split(least_dose=least_dose)
    lines = []
    for name, fractions in populations(p.shape[1]).items():
        for size in SIZES:
            rng = np.random.default_rng([seed, size])
            held = interval_coverage(p, metadata, predictions.threshold, fractions, size, draws, rng)
            lines.append(
                (
                    *(name, f"{size:,}", percent(held.largest), percent(held.present), percent(held.absent)),
                    *(f"{held.width:.3f}", f"{held.error:.3f}", f"{held.plain_error:.3f}", draws),
                )
            )
    head = (
        *("population", "particles", "held: the largest, %", "all that are there, %", "absent, %"),
        *("width", "error, corrected", "error, plain counts", "populations"),
    )
    by_chance = 100 * 1.96 * np.sqrt(0.95 * 0.05 / draws)
    return (
        f"{table(head, lines)}\n\n{len(np.unique(metadata['wave'])):,} structures, halved anew for every population. "
        f"What is true in 95 % shows in {draws} populations as 95 ± {by_chance:.0f} %."
    )

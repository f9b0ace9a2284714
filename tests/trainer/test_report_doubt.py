"""Calibration, `unknown`, views and populations: on answers so few, or so regular, that each number is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from agent.core.statistics.accumulate import Sightings, fused
from tests.trainer.judged import cells, judgement, rows_of, sure
from trainer.data.dataset import Patches
from trainer.evaluation import prevalence as report_population
from trainer.evaluation.calibration import (
    accuracy_on_surest,
    calibration_error_by_chance,
    confusion_counts,
    coverage_at,
    evidence,
    expected_calibration_error,
    fit_temperature,
    fit_vector,
    negative_log_likelihood,
    reliability,
    risk_coverage,
    threshold_for,
)
from trainer.evaluation.predictions import calibration_half, envelope, fused_views, judge
from trainer.evaluation.prevalence import POPULATIONS, interval_coverage
from trainer.report.by_view import doubt_by, views_section
from trainer.report.uncertainty import (
    area_under_curve,
    calibration_section,
    population_section,
    strange_section,
    unknown_section,
)


def alternating(n: int) -> NDArray[np.int64]:
    return np.arange(n) % 2


def test_the_calibration_error_is_the_gap_of_confidence_and_accuracy() -> None:
    """Thirty answers of 0.9, in every bin of two one right: |0.9 - 0.5|; and all right: |0.9 - 1|."""
    p = sure([0] * 30, 0.9)
    assert expected_calibration_error(p, alternating(30)) == pytest.approx(0.4)
    assert expected_calibration_error(p, np.zeros(30, dtype=int)) == pytest.approx(0.1)


def test_gaps_of_either_sign_do_not_cancel_across_bins() -> None:
    """15 doubtful answers (0.6) that are right and 15 sure ones (1.0) that are wrong half the time."""
    p = sure([0] * 30, [0.6] * 15 + [1.0] * 15)
    labels = np.r_[np.zeros(15, dtype=int), np.arange(15) % 2]
    # Bins of two by rising confidence: seven of 0.6, one mixed (0.8, both right), seven of 1.0 with one error each.
    assert expected_calibration_error(p, labels) == pytest.approx((14 * 0.4 + 2 * 0.2 + 14 * 0.5) / 30)


def test_by_chance_an_even_bet_of_single_answers_is_always_half_off() -> None:
    rng = np.random.default_rng(1)
    assert calibration_error_by_chance(np.full((15, 2), 0.5), rng) == pytest.approx(0.5)
    assert calibration_error_by_chance(sure([0, 1] * 15, 1.0), rng) == 0


def test_by_chance_more_answers_make_less_error() -> None:
    """A bin of n even bets is off by sqrt(1 / (2 pi n)) on average (the normal limit)."""
    p = np.full((15 * 400, 2), 0.5)
    assert calibration_error_by_chance(p, np.random.default_rng(1)) == pytest.approx(
        (1 / (2 * np.pi * 400)) ** 0.5, 0.05
    )


def test_reliability_has_fifteen_bins_or_as_many_as_there_are_answers() -> None:
    p = sure([0] * 30, np.linspace(0.6, 0.89, 30))
    bins = reliability(p, alternating(30))
    assert [b.answers for b in bins] == [2] * 15
    assert (bins[0].confidence, bins[0].accuracy) == (pytest.approx(0.605), 0.5)
    # Wilson of one in two: (0.25 + z^2 / 4) / ... is symmetric about a half.
    assert bins[0].low + bins[0].high == pytest.approx(1)
    assert len(reliability(p[:4], alternating(4))) == 4


def test_risk_and_coverage_answer_the_surest_first() -> None:
    """Right at 0.9, wrong at 0.8, right at 0.7, right at 0.6."""
    p, labels = sure([0, 0, 0, 0], [0.8, 0.9, 0.7, 0.6]), np.array([1, 0, 0, 0])
    share, accuracy = risk_coverage(p, labels)
    np.testing.assert_allclose(share, [1 / 4, 2 / 4, 3 / 4, 1])
    np.testing.assert_allclose(accuracy, [1, 1 / 2, 2 / 3, 3 / 4])
    np.testing.assert_allclose(risk_coverage(p, labels, -p.max(1))[1], [1, 1, 2 / 3, 3 / 4])
    assert coverage_at(p, labels, 0.7) == 1
    assert coverage_at(p, labels, 0.9) == 1 / 4
    assert coverage_at(p[:1], labels[:1], 0.9) == 0
    assert accuracy_on_surest(p, labels, 0.5) == 0.5
    assert np.isnan(accuracy_on_surest(p, labels, 0.2))


def test_a_curve_s_area_is_the_chance_to_rank_right_and_a_tie_counts_half() -> None:
    low, high = np.array([0.1, 0.2]), np.array([0.8, 0.9, 0.9])
    assert area_under_curve(high, low) == 1
    assert area_under_curve(low, high) == 0
    assert area_under_curve(np.ones(4), np.ones(3)) == 0.5
    assert area_under_curve(np.array([1.0, 3.0]), np.array([2.0])) == 0.5


def test_the_temperature_undoes_a_known_sharpening() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 1.5, (4000, 3))
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (rng.random(4000)[:, None] > chances.cumsum(1)).sum(1).clip(max=2)
    assert fit_temperature(2 * logits, labels) == pytest.approx(2, rel=0.07)
    scale, shift = fit_vector(2 * logits + np.array([0, 0, 1.0]), labels)
    np.testing.assert_allclose(scale, 0.5, atol=0.06)
    assert shift[2] - shift[:2].mean() == pytest.approx(-0.5, abs=0.12)
    assert negative_log_likelihood(np.full((7, 4), 0.25), np.arange(7) % 4) == pytest.approx(np.log(4))


def seen_often(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """1500 structures whose 20 views are alike; a confidence c from 0.5 to 1 is right with the chance c."""
    confidence = rng.uniform(0.5, 1, 1500)
    wrong = rng.random(1500) >= confidence
    return (
        np.repeat(sure([0] * 1500, confidence), 20, 0),
        np.repeat(wrong.astype(int), 20),
        np.repeat(np.arange(1500), 20),
    )


def test_the_error_level_is_kept_in_19_of_20_draws() -> None:
    """Above t the errors are (1 - t) / 2: a level of 10 % is broken by every threshold under 0.8."""
    thresholds = [threshold_for(*seen_often(np.random.default_rng(n)), 0.10) for n in range(20)]
    assert sum(t < 0.8 - 1e-9 for t in thresholds) <= 3
    assert np.median(thresholds) < 0.9


def test_evidence_is_the_mean_wealth_of_gamblers_and_twenty_is_what_it_takes() -> None:
    """One who stakes s on a loss being under 0.1 makes 1 + s / 9 of every 1 where there is none. Of a hundred
    structures two errors leave 64, three leave 17.5: not enough, though they are but 3 %."""
    stakes = np.arange(1, 20) / 20
    assert evidence(np.zeros(3), 0.1) == pytest.approx(((1 + stakes / 9) ** 3).mean())
    assert evidence(np.ones(1), 0.1) == pytest.approx((1 - stakes).mean())
    for errors, threshold in ((2, 0.21), (3, 1.0)):
        labels = (np.arange(100) < errors).astype(int)
        assert threshold_for(sure([0] * 100, 0.995), labels, np.arange(100), 0.1) == threshold


def test_a_classifier_that_guesses_is_never_allowed_to_answer_and_a_perfect_one_always() -> None:
    p, waves = sure([0] * 600, 0.95), np.arange(600)
    assert threshold_for(p, alternating(600), waves, 0.10) == 1.0
    assert threshold_for(p, np.zeros(600, dtype=int), waves, 0.10) == 0.21


def test_confusions_count_images_or_structures_together() -> None:
    p, labels = sure([0, 1, 1, 0], [0.9, 0.9, 0.6, 0.9]), np.array([0, 0, 0, 1])
    np.testing.assert_array_equal(confusion_counts(p, labels, 0.7), [[1, 1, 1], [1, 0, 0]])
    third = confusion_counts(p, labels, 0.7, np.array([4, 4, 4, 9]))
    np.testing.assert_allclose(third, [[1 / 3, 1 / 3, 1 / 3], [1, 0, 0]])


def test_a_view_at_the_threshold_is_named() -> None:
    assert confusion_counts(sure([0], 0.75), np.array([0]), 0.75)[0, 0] == 1


def test_views_are_fused_by_the_mean_of_their_logarithms_as_the_agent_does() -> None:
    """sqrt(0.9 * 0.6) against sqrt(0.1 * 0.4): 0.7348 to 0.2."""
    p = sure([0, 1, 0, 0], [0.9, 0.8, 0.6, 0.7])
    fused_p, labels = fused_views(p, rows_of([0, 1, 0, 1], [5, 3, 5, 8]), 2, np.random.default_rng(0))
    np.testing.assert_allclose(fused_p, [[0.7348 / 0.9348, 0.2 / 0.9348]], rtol=1e-3)
    assert list(labels) == [0]
    agent = Sightings(log_probability=np.log(p[[0, 2]]).sum(0), diameter_nm=1, count=2, whole=True, last_frame=0)
    np.testing.assert_allclose(fused_p[0], fused(agent))


def test_fusing_takes_no_view_of_another_structure() -> None:
    """Structure n is always answered n, by one to six views, in any order."""
    waves = np.repeat(np.arange(6), np.arange(1, 7))
    order = np.random.default_rng(3).permutation(len(waves))
    rows = rows_of(list(waves[order]), list(waves[order]))
    fused_p, labels = fused_views(sure(list(waves[order]), 0.9, 6), rows, 4, np.random.default_rng(1))
    assert list(labels) == [3, 4, 5]
    assert list(fused_p.argmax(1)) == [3, 4, 5]


def test_the_halves_are_of_structures_and_the_envelope_is_corrected_and_bright() -> None:
    """Two classes: ten rounds of them are twenty structures."""
    assert list(calibration_half(np.array([0, 19, 20, 39, 40]), 2)) == [True, True, False, False, True]
    rows = rows_of([0, -1, 0, 0], dose_e_per_a2=[100, 500, 99, 500], c3_nm=[-1e5, 0, 0, 1.1e5])
    assert list(envelope(rows)) == [True, False, False, False]
    assert list(envelope(rows, corrected=False)) == [False, False, False, True]


def test_a_bank_without_a_half_to_set_on_is_refused() -> None:
    bank = Patches(patches=np.zeros((2, 4, 4), dtype=np.float16), rows=rows_of([0, 1], [20, 21]))
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2))
    with pytest.raises(ValueError, match="none of 2 held-out patches is of the half"):
        judge(network, bank, 2, 0.1)


def halves(n: int) -> tuple[NDArray[np.float64], dict[str, NDArray[Any]], NDArray[np.bool_]]:
    """`n` answers of 0.9 of each half: right where it is measured, right nine times in ten where it is set."""
    labels = np.r_[(np.arange(n) % 10 == 0).astype(int), np.zeros(n, dtype=int)]
    return sure([0] * (2 * n), 0.9), rows_of(list(labels)), np.arange(2 * n) < n


def test_calibration_is_shown_of_the_measured_half_only(tmp_path: Path) -> None:
    p, rows, setting = halves(200)
    text = calibration_section(judgement(p, rows, setting), 300.0, tmp_path)
    (shipped,) = cells(text, "temperature 1.000 (shipped)")
    # Everything right at 0.9: off by 0.1, and -ln 0.9 = 0.1054.
    assert (shipped[0], shipped[2], shipped[3]) == ("0.1000", "0.1054", "100.0")
    assert len(cells(text, "0.900")) == 15
    assert (tmp_path / "reliability.png").stat().st_size > 0


def test_other_temperatures_are_set_on_the_other_half(tmp_path: Path) -> None:
    """There 0.9 is exactly right, so a temperature of its own decade of dose changes nothing."""
    p, rows, setting = halves(200)
    text = calibration_section(judgement(p, rows, setting), 300.0, tmp_path)
    assert cells(text, "a temperature a dose decade")[0][2] == pytest.approx("0.1054")


def test_thresholds_are_set_on_one_half_and_tried_on_the_other(tmp_path: Path) -> None:
    """Never wrong where it is set, wrong in every fourth where it is tried."""
    labels = np.r_[np.zeros(600, dtype=int), (np.arange(400) % 4 == 0).astype(int)]
    judged = judgement(sure([0] * 1000, 0.9), rows_of(list(labels)), np.arange(1000) < 600)
    text = unknown_section(judged, {"odd": np.array([[0.1, 0.0], [0.0, 5.0]])}, 300.0, tmp_path)
    threshold, errors, interval, answered, structures = cells(text, "10.0 (shipped)")[0]
    assert (threshold, errors, answered, structures) == ("0.21", "25.0", "100.0", "400")
    # Wilson of 100 in 400: (0.25 + 0.0048 ± 1.96 sqrt(0.1875 / 400 + 0.0096 / 1600)) / 1.0096.
    assert interval == "21.0–29.5"
    assert "Of the 70 % it is surest of, 75.0 % are right." in text
    # One strange input is less sure than all that is known, the other one surer.
    assert cells(text, "largest probability (shipped)")[0][1] == "0.500"


def test_the_strange_are_held_against_the_known_of_the_same_doses(tmp_path: Path) -> None:
    """Strange ones of 0.8; the known are surer at 300 e/Å² and more, and less sure under it, in equal numbers."""
    rows = rows_of([0] * 40, dose_e_per_a2=[150] * 20 + [1000] * 20)
    judged = judgement(sure([0] * 40, [0.7] * 20 + [0.9] * 20), rows)
    judged.setting[:1] = True
    strange = np.log(sure([0] * 5, 0.8))
    area = float(
        cells(unknown_section(judged, {"odd": strange}, 300.0, tmp_path), "largest probability (shipped)")[0][1]
    )
    assert area == pytest.approx(20 / 39, abs=5e-4)


def test_strange_inputs_are_counted_and_the_named_listed_by_number() -> None:
    logits = np.log(sure([0, 0, 1, 1], [0.9, 0.9, 0.9, 0.6]))
    judged = judgement(sure([0] * 5, [0.9] * 4 + [0.5]), rows_of([0] * 5))
    text = strange_section(judged, {"odd": logits, "shy": np.zeros((3, 2))}, ("a_cube", "b"))
    assert cells(text, "odd")[0] == ["4", "25.0", "4.6–69.9", "a cube 2, b 1"]
    assert cells(text, "shy")[0][1:] == ["100.0", "43.8–100.0", "—"]
    assert cells(text, "held-out particles, for comparison")[0][:2] == ["5", "20.0"]


def test_answers_to_faint_images_are_counted_apart() -> None:
    doses = [20.0, 30.0, 40.0, 50.0, 5000.0]
    judged = judgement(sure([0] * 5, [0.9, 0.9, 0.9, 0.5, 0.9]), rows_of([0, 0, 1, 0, 1], dose_e_per_a2=doses))
    text = strange_section(judged, {}, ("a", "b"))
    assert "Of 4 held-out images" in text
    assert "75.0 % are named, of these answers 66.7 % are right" in text
    bright = judgement(sure([0] * 5, [0.9] * 5), rows_of([0] * 5, dose_e_per_a2=[100.0] * 5))
    assert "held-out images of known" not in strange_section(bright, {}, ("a", "b"))


def test_the_doubt_of_each_view_is_its_own() -> None:
    """Along an axis sure and half wrong; off it doubtful and right; no image between."""
    p = sure([0] * 80, [0.95] * 40 + [0.7] * 40)
    rows = rows_of([*alternating(40), *[0] * 40], zone_deg=[2.0] * 40 + [12.0] * 40)
    near, far = doubt_by((p, rows), "zone_deg", (0, 5, 10, 15))
    assert (near.low, near.high, far.low, far.high) == (0, 5, 10, 15)
    assert (near.confidence, near.accuracy, near.within) == (pytest.approx(0.95), 0.5, False)
    assert (far.confidence, far.accuracy, far.within) == (pytest.approx(0.7), 1.0, False)
    assert far.error == pytest.approx(0.3)
    # Forty answers of one confidence: every bin errs to the same side.
    assert near.error == pytest.approx(0.95 - 0.5)
    assert 0 < near.by_chance < 0.2


def test_an_edge_belongs_to_the_bin_above_it() -> None:
    rows = rows_of([0, 0, 0], zone_deg=[0.0, 5.0, 10.0])
    found = doubt_by((sure([0, 0, 0], 0.9), rows), "zone_deg", (0, 5, 10))
    assert [(d.low, d.cells[2]) for d in found] == [(0, "1"), (5, "1")]


def test_views_say_where_the_network_is_too_sure() -> None:
    p = sure([0] * 80, [0.95] * 40 + [0.99] * 40)
    rows = rows_of([*alternating(40), *[0] * 40], zone_deg=[2.0] * 40 + [12.0] * 40)
    text = views_section(judgement(p, rows), 300.0)
    assert cells(text, "0–5")[0][:4] == ["95.0", "50.0", "35.2–64.8", "+45.0"]
    assert cells(text, "10–15")[0][3] == "-1.0"
    assert "in 1 of 2 lines; it is off by -1.0 to +45.0 points. Surest at 10–15, right most often at 10–15." in text


def test_views_are_of_the_half_that_sets_nothing_and_doses_have_no_lower_limit() -> None:
    """Wrong in the half that sets; faint images count in the table of doses only."""
    p, rows, setting = halves(10)
    rows |= {"label": np.r_[np.ones(10, dtype=int), np.zeros(10, dtype=int)], "zone_deg": np.full(20, 7.0)}
    rows["dose_e_per_a2"] = np.r_[np.full(15, 1000.0), np.full(5, 50.0)]
    text = views_section(judgement(p, rows, setting), 300.0)
    assert [cells(text, "5–10")[0][k] for k in (1, 6)] == ["100.0", "5"]
    assert cells(text, "0–100")[0][6] == "5"
    assert "no such image" in views_section(judgement(p, rows, True), 300.0)


def population(rng: np.random.Generator) -> tuple[NDArray[np.float64], dict[str, NDArray[Any]]]:
    """60 structures a class of two views each: eight views in ten right, one in ten the next class, one doubtful."""
    labels = np.repeat(np.arange(5), 120)
    kind = rng.random(600)
    answers = np.where(kind < 0.1, (labels + 1) % 5, labels)
    return sure(list(answers), np.where(kind > 0.9, 0.5, 0.9), 5), rows_of(list(labels), list(np.arange(600) // 2))


@pytest.mark.parametrize("kind", ["mixed", "90/10"])
def test_the_interval_of_a_fraction_holds_95_times_in_100_also_of_the_dominating_class(kind: str) -> None:
    rng = np.random.default_rng(4)
    c = interval_coverage(*population(rng), 0.7, POPULATIONS[kind], 200, 60, rng)
    # 95 % of 60 is 57; 51 and fewer come by chance less than once in 100.
    assert c.largest > 51 / 60
    assert c.present > 0.90
    assert c.width < 0.3
    assert np.isnan(c.absent) if kind == "mixed" else c.absent > 0.95


def test_the_largest_the_present_and_the_absent_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals from 0.5 to 1 hold 0.9, and neither 0.1 nor nothing."""
    halves_up = np.full(5, 0.2), np.tile([0.5, 1.0], (5, 1))
    monkeypatch.setattr(report_population, "corrected_fractions", lambda *_: halves_up)
    rng = np.random.default_rng(4)
    c = interval_coverage(*population(rng), 0.7, POPULATIONS["90/10"], 50, 5, rng)
    assert (c.largest, c.present, c.absent, c.width) == (1.0, 0.5, 0.0, 0.5)
    # Of a fifth each: 0.7 too little, 0.1 too much, and three times 0.2.
    assert c.error == pytest.approx((0.7 + 0.1 + 3 * 0.2) / 5)


def test_of_many_particles_the_correction_takes_away_what_confusion_adds() -> None:
    rng = np.random.default_rng(4)
    c = interval_coverage(*population(rng), 0.7, POPULATIONS["90/10"], 5000, 10, rng)
    assert c.error < 0.5 * c.plain_error


def test_a_perfect_classifier_counts_a_population_of_one_class_exactly() -> None:
    labels = [0] * 40 + [1] * 40
    rng = np.random.default_rng(5)
    c = interval_coverage(sure(labels, 0.95), rows_of(labels), 0.7, (1.0, 0.0), 50, 10, rng)
    assert c.plain_error == 0
    assert (c.largest, c.absent, c.populations) == (1.0, 1.0, 10)


def test_a_class_of_too_few_structures_for_two_halves_is_refused() -> None:
    labels = [0] * 40 + [1]
    with pytest.raises(ValueError, match="1 structures of class 1 are too few to halve"):
        interval_coverage(sure(labels, 0.95), rows_of(labels), 0.7, (0.5, 0.5), 50, 20, np.random.default_rng(5))


def test_populations_come_of_the_half_that_made_no_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = [0] * 40 + [1] * 40
    p, rows = sure(labels, 0.95), rows_of(labels, [n // 2 for n in range(80)])
    used: list[tuple[set[int], set[int]]] = []
    counted, views = report_population.confusion_counts, report_population._views

    def noted_matrix(*given: Any) -> NDArray[np.float64]:
        used.append((set(given[3]), set()))
        return counted(*given)

    def noted_views(*given: Any) -> NDArray[np.int64]:
        drawn = views(*given)
        used[-1][1].update(rows["wave"][drawn])
        return drawn

    monkeypatch.setattr(report_population, "confusion_counts", noted_matrix)
    monkeypatch.setattr(report_population, "_views", noted_views)
    interval_coverage(p, rows, 0.7, (0.5, 0.5), 200, 3, np.random.default_rng(6))
    assert len(used) == 3
    for matrix, drawn in used:
        assert not matrix & drawn
        assert matrix | drawn == set(range(40))


def test_the_section_has_a_line_for_every_kind_and_size_of_population() -> None:
    rng = np.random.default_rng(7)
    text = population_section(judgement(*population(rng)), 100.0, 2, 1)
    assert [len(cells(text, kind)) for kind in POPULATIONS] == [3, 3, 3]
    assert "300 structures, halved anew" in text
    assert "95 ± 30 %" in text

"""How often intervals of fractions hold, on answers of which the truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.trainer.known_predictions import metadata_of, sure
from trainer.evaluation import prevalence
from trainer.evaluation.prevalence import interval_coverage, populations


def population(rng: np.random.Generator) -> tuple[NDArray[np.float64], dict[str, NDArray[Any]]]:
    """60 structures a class of two views each: eight views in ten right, one in ten the next class, one doubtful."""
    labels = np.repeat(np.arange(5), 120)
    kind = rng.random(600)
    answers = np.where(kind < 0.1, (labels + 1) % 5, labels)
    return sure(list(answers), np.where(kind > 0.9, 0.5, 0.9), 5), metadata_of(list(labels), list(np.arange(600) // 2))


@pytest.mark.parametrize("kind", ["mixed", "90/10"])
def test_the_interval_of_a_fraction_holds_95_times_in_100_also_of_the_dominating_class(kind: str) -> None:
    rng = np.random.default_rng(4)
    c = interval_coverage(*population(rng), 0.7, populations(5)[kind], 200, 60, rng)
    # 95 % of 60 is 57; 51 and fewer come by chance less than once in 100.
    assert c.largest > 51 / 60
    assert c.present > 0.90
    assert c.width < 0.3
    assert np.isnan(c.absent) if kind == "mixed" else c.absent > 0.95


def test_the_largest_the_present_and_the_absent_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals from 0.5 to 1 hold 0.9, and neither 0.1 nor nothing."""
    halves_up = np.full(5, 0.2), np.tile([0.5, 1.0], (5, 1))
    monkeypatch.setattr(prevalence, "corrected_fractions", lambda *_: halves_up)
    rng = np.random.default_rng(4)
    c = interval_coverage(*population(rng), 0.7, populations(5)["90/10"], 50, 5, rng)
    assert (c.largest, c.present, c.absent, c.width) == (1.0, 0.5, 0.0, 0.5)
    # Of a fifth each: 0.7 too little, 0.1 too much, and three times 0.2.
    assert c.error == pytest.approx((0.7 + 0.1 + 3 * 0.2) / 5)


def test_populations_of_any_number_of_classes_have_fractions_that_sum_to_one() -> None:
    assert populations(5)["mixed"] == (0.5, 0.3, 0.1, 0.07, 0.03)
    assert populations(3)["mixed"] == pytest.approx((0.5, 0.3, 0.2))
    assert populations(6)["mixed"] == (0.5, 0.3, 0.1, 0.07, 0.03, 0.0)
    for classes in range(2, 9):
        for fractions in populations(classes).values():
            assert len(fractions) == classes
            assert sum(fractions) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="two classes or more, got 1"):
        populations(1)


def test_of_many_particles_the_correction_takes_away_what_confusion_adds() -> None:
    rng = np.random.default_rng(4)
    c = interval_coverage(*population(rng), 0.7, populations(5)["90/10"], 5000, 10, rng)
    assert c.error < 0.5 * c.plain_error


def test_a_perfect_classifier_counts_a_population_of_one_class_exactly() -> None:
    labels = [0] * 40 + [1] * 40
    rng = np.random.default_rng(5)
    c = interval_coverage(sure(labels, 0.95), metadata_of(labels), 0.7, (1.0, 0.0), 50, 10, rng)
    assert c.plain_error == 0
    assert (c.largest, c.absent, c.populations) == (1.0, 1.0, 10)


def test_a_class_of_too_few_structures_for_two_halves_is_refused() -> None:
    labels = [0] * 40 + [1]
    with pytest.raises(ValueError, match="1 structures of class 1 are too few to halve"):
        interval_coverage(sure(labels, 0.95), metadata_of(labels), 0.7, (0.5, 0.5), 50, 20, np.random.default_rng(5))


def test_populations_come_of_the_half_that_made_no_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = [0] * 40 + [1] * 40
    p, metadata = sure(labels, 0.95), metadata_of(labels, [n // 2 for n in range(80)])
    used: list[tuple[set[int], set[int]]] = []
    counted, views = prevalence.confusion_counts, prevalence._views

    def noted_matrix(*given: Any) -> NDArray[np.float64]:
        used.append((set(given[3]), set()))
        return counted(*given)

    def noted_views(*given: Any) -> NDArray[np.int64]:
        drawn = views(*given)
        used[-1][1].update(metadata["wave"][drawn])
        return drawn

    monkeypatch.setattr(prevalence, "confusion_counts", noted_matrix)
    monkeypatch.setattr(prevalence, "_views", noted_views)
    interval_coverage(p, metadata, 0.7, (0.5, 0.5), 200, 3, np.random.default_rng(6))
    assert len(used) == 3
    for matrix, drawn in used:
        assert not matrix & drawn
        assert matrix | drawn == set(range(40))

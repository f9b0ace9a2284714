"""Confidence against accuracy by view and dose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.trainer.known_predictions import cells, metadata_of, predictions_of, sure
from trainer.report.by_view import confidence_by, views_section


def alternating(n: int) -> NDArray[np.int64]:
    return np.arange(n) % 2


def halves(n: int) -> tuple[NDArray[np.float64], dict[str, NDArray[Any]], NDArray[np.bool_]]:
    """`n` answers of 0.9 of each half: right where it is measured, right nine times in ten where it is set."""
    labels = np.r_[(np.arange(n) % 10 == 0).astype(int), np.zeros(n, dtype=int)]
    return sure([0] * (2 * n), 0.9), metadata_of(list(labels)), np.arange(2 * n) < n


def test_the_confidence_of_each_view_is_its_own() -> None:
    """Along an axis sure and half wrong; off it doubtful and right; no image between."""
    p = sure([0] * 80, [0.95] * 40 + [0.7] * 40)
    metadata = metadata_of([*alternating(40), *[0] * 40], zone_deg=[2.0] * 40 + [12.0] * 40)
    near, far = confidence_by((p, metadata), "zone_deg", (0, 5, 10, 15))
    assert (near.low, near.high, far.low, far.high) == (0, 5, 10, 15)
    assert (near.confidence, near.accuracy, near.within) == (pytest.approx(0.95), 0.5, False)
    assert (far.confidence, far.accuracy, far.within) == (pytest.approx(0.7), 1.0, False)
    assert far.error == pytest.approx(0.3)
    # Forty answers of one confidence: every bin errs to the same side.
    assert near.error == pytest.approx(0.95 - 0.5)
    assert 0 < near.by_chance < 0.2


def test_an_edge_belongs_to_the_bin_above_it() -> None:
    metadata = metadata_of([0, 0, 0], zone_deg=[0.0, 5.0, 10.0])
    found = confidence_by((sure([0, 0, 0], 0.9), metadata), "zone_deg", (0, 5, 10))
    assert [(d.low, d.cells[2]) for d in found] == [(0, "1"), (5, "1")]


def test_views_say_where_the_network_is_too_sure() -> None:
    p = sure([0] * 80, [0.95] * 40 + [0.99] * 40)
    metadata = metadata_of([*alternating(40), *[0] * 40], zone_deg=[2.0] * 40 + [12.0] * 40)
    text = views_section(predictions_of(p, metadata), 300.0)
    assert cells(text, "0–5")[0][:4] == ["95.0", "50.0", "35.2–64.8", "+45.0"]
    assert cells(text, "10–15")[0][3] == "-1.0"
    assert "in 1 of 2 lines; it is off by -1.0 to +45.0 points. Surest at 10–15, right most often at 10–15." in text


def test_views_are_of_the_half_that_sets_nothing_and_doses_have_no_lower_limit() -> None:
    """Wrong in the half that sets; faint images count in the table of doses only."""
    p, metadata, calibration = halves(10)
    metadata |= {"label": np.r_[np.ones(10, dtype=int), np.zeros(10, dtype=int)], "zone_deg": np.full(20, 7.0)}
    metadata["dose_e_per_a2"] = np.r_[np.full(15, 1000.0), np.full(5, 50.0)]
    text = views_section(predictions_of(p, metadata, calibration), 300.0)
    assert [cells(text, "5–10")[0][k] for k in (1, 6)] == ["100.0", "5"]
    assert cells(text, "0–100")[0][6] == "5"
    assert "no such image" in views_section(predictions_of(p, metadata, True), 300.0)


def test_bins_share_all_answers_among_them() -> None:
    rng = np.random.default_rng(3)
    angles = rng.uniform(0, 30, 300)
    metadata = metadata_of(list(rng.integers(2, size=300)), zone_deg=angles)
    answered = sure([0] * 300, rng.uniform(0.5, 1, 300)), metadata
    bins = confidence_by(answered, "zone_deg", (0, 5, 10, 15, 30))
    assert sum(int(view.cells[2]) for view in bins) == 300
    (whole,) = confidence_by(answered, "zone_deg", (0, 30))
    weights = [int(view.cells[2]) / 300 for view in bins]
    assert sum(w * view.confidence for w, view in zip(weights, bins, strict=True)) == pytest.approx(whole.confidence)
    assert sum(w * view.accuracy for w, view in zip(weights, bins, strict=True)) == pytest.approx(whole.accuracy)


def test_a_confidence_that_is_right_lies_in_the_interval() -> None:
    """Nine of ten right at 0.9, of four hundred."""
    p, metadata, _ = halves(400)
    metadata["zone_deg"] = np.full(800, 2.0)
    first = {key: column[:400] for key, column in metadata.items()}
    (view,) = confidence_by((p[:400], first), "zone_deg", (0, 5))
    assert (view.within, view.accuracy) == (True, 0.9)

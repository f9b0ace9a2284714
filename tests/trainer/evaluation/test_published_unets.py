"""The score of the published table."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.known_report import disc
from trainer.evaluation.published_unets import PERFECT, best_of_coarse, score, upsampled


def test_the_published_score_is_a_softmax_s_cross_entropy() -> None:
    """Right everywhere: 0. At a half everywhere: ln 2 less the perfect 0.3133. Wrong: ln(1 + e) less that."""
    mask = disc()
    assert pytest.approx(0.31326, abs=1e-5) == PERFECT
    assert score(mask.astype(float), mask) == pytest.approx(0)
    assert score(np.full(mask.shape, 0.5), mask) == pytest.approx(np.log(2) - PERFECT)
    assert score(1.0 - mask, mask) == pytest.approx(1.0)


def test_a_coarse_map_lands_where_its_pixels_were() -> None:
    coarse = np.arange(6.0)[None].repeat(6, 0)
    fine = upsampled(coarse, 4.0, 24)
    # Camera pixel n is at (n + 0.5) / 4 - 0.5 of the map, which ends at its first and last pixels.
    np.testing.assert_allclose(fine[10, [0, 2, 5, 6, 23]], [0, 0.125, 0.875, 1.125, 5], atol=1e-9)
    assert 0 < best_of_coarse(disc(200, 640)) < 0.01
    assert best_of_coarse(np.ones((640, 640), dtype=bool)) == pytest.approx(0)

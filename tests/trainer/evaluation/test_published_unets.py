"""The score of the published table."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.known_report import disc
from trainer.evaluation.published_unets import (
    PERFECT,
    SilverFrames,
    best_of_coarse,
    particle_map,
    score,
    scores,
    upsampled,
)


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


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_map_nearer_to_the_mask_has_a_lower_score(one: float, other: float) -> None:
    mask = disc()
    worse, better = (score(np.where(mask, p, 1 - p), mask) for p in sorted((one, other)))
    assert better <= worse + 1e-12
    assert better >= -1e-12
    assert worse <= 1 + 1e-12


def test_mask_and_map_may_change_their_colours_together() -> None:
    mask = disc()
    p = np.random.default_rng(1).random(mask.shape)
    assert score(1 - p, ~mask) == pytest.approx(score(p, mask))


class FirstChannel(torch.nn.Module):
    """A detector that is sure where its first channel is above zero."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        drawn = torch.where(maps[:, :1] > 0, 20.0, -20.0)
        return torch.cat([drawn, drawn, drawn], 1)


def test_a_map_of_the_detector_has_the_pixels_of_its_frame() -> None:
    """0.24 nm over 0.02 nm are twelve pixels of the frame a pixel of the map."""
    counts = np.random.default_rng(1).poisson(50, (120, 120)).astype(np.uint16)
    found = particle_map(FirstChannel(), counts)
    assert found.shape == counts.shape
    assert 0 <= found.min() < 0.5 < found.max() <= 1
    silver = SilverFrames(
        counts=np.stack([counts, counts])[None], their_mask=np.zeros((1, 120, 120), bool), our_mask=found[None] > 0.5
    )
    by_frame = scores(FirstChannel(), silver)
    assert by_frame.shape == (1, 2, 2)
    # Its own map suits it better than none, and the same frame has the same score at either dose.
    assert (by_frame[..., 1] < by_frame[..., 0]).all()
    np.testing.assert_array_equal(by_frame[:, 0], by_frame[:, 1])


@given(st.integers(1, 12))
def test_a_map_of_one_value_stays_one_when_it_is_brought_to_the_frame_s_pixels(scale: int) -> None:
    np.testing.assert_allclose(upsampled(np.full((5, 5), 0.3), scale, 5 * scale), 0.3)

"""Golden files: what they hold, and that their tolerance means what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from agent.core.calibration import probabilities
from tests.fakes import fake_networks
from trainer.data.dataset import Maps
from trainer.export.golden import (
    GOLDEN_MAP_PX,
    MOST_CHANGE,
    MOST_CHANGE_8_BIT,
    telling_maps,
    telling_patches,
    tolerance,
)

CARD = fake_networks().classifier_card


@given(
    logits=hnp.arrays(np.float64, 5, elements=st.floats(-20, 20)),
    signs=hnp.arrays(np.float64, 5, elements=st.floats(-1, 1)),
    temperature=st.floats(0.2, 3),
)
def test_logits_within_the_tolerance_move_no_probability_by_more_than_is_allowed(
    logits: np.ndarray, signs: np.ndarray, temperature: float
) -> None:
    allowed = tolerance(replace(CARD, temperature=temperature))
    before, after = (probabilities(z[None], temperature) for z in (logits, logits + allowed * signs))
    assert np.abs(before - after).max() <= MOST_CHANGE + 1e-9


def test_the_tolerance_is_reached_by_two_classes_in_balance() -> None:
    """z = (0, 0) and T = 1: logits that part by t each, in the limit of small t, move p = 1/2 by t / 2."""
    t = tolerance(replace(CARD, temperature=1.0))
    moved = probabilities(np.array([[t, -t]]), 1.0)[0, 0] - 0.5
    assert moved == pytest.approx(MOST_CHANGE, rel=1e-3)


def test_a_detector_and_an_8_bit_classifier_have_tolerances_of_their_own() -> None:
    assert tolerance(fake_networks().detector_card) == MOST_CHANGE
    eight_bit = replace(CARD, temperature=0.5, precision="int8")
    assert tolerance(eight_bit) == pytest.approx(MOST_CHANGE_8_BIT)


def test_the_surest_and_the_most_doubtful_patch_of_every_class_are_taken() -> None:
    patches = np.arange(6, dtype=np.float16)[:, None, None] * np.ones((1, 2, 2), dtype=np.float16)
    p = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8], [0.5, 0.5], [0.01, 0.99]])
    chosen = telling_patches(patches, np.array([0, 0, 0, 1, 1, -1]), p)
    assert chosen.shape == (4, 1, 2, 2)
    assert chosen[:, 0, 0, 0].tolist() == [0, 1, 3, 4]  # the last has no class


def test_maps_are_cut_from_the_middle_of_the_fullest_frames() -> None:
    side = GOLDEN_MAP_PX + 8
    targets = np.zeros((5, 3, side, side), dtype=np.uint8)
    for number, filled in enumerate((1, 9, 3, 7, 5)):
        targets[number, 0, :filled] = 255
    channels = np.arange(5, dtype=np.float16)[:, None, None, None] * np.ones((1, 2, side, side), dtype=np.float16)
    maps = Maps(channels=channels, targets=targets, valid=np.full((5, 2), side, dtype=np.int32))
    chosen = telling_maps(maps)
    assert chosen.shape == (3, 2, GOLDEN_MAP_PX, GOLDEN_MAP_PX)
    assert chosen[:, 0, 0, 0].tolist() == [1, 3, 4]

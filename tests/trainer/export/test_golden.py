"""Golden files: what they hold, and that their tolerance means what it says."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from agent.core.calibration import probabilities
from protocol.errors import ProtocolError
from protocol.golden import golden_from_bytes
from protocol.model_card import MOST_CHANGE, MOST_CHANGE_8_BIT
from protocol.model_folder import golden_name
from tests.fakes import fake_networks
from tests.trainer.tiny_networks import linear, put
from trainer.data.dataset import Maps
from trainer.export.card import read_full_card
from trainer.export.golden import (
    GOLDEN_MAP_PX,
    golden_inputs,
    renew_golden,
    telling_maps,
    telling_patches,
    with_golden,
)
from trainer.export.runtime import runner

CARD = fake_networks().classifier_card


@given(
    logits=hnp.arrays(np.float64, 5, elements=st.floats(-20, 20)),
    signs=hnp.arrays(np.float64, 5, elements=st.floats(-1, 1)),
    temperature=st.floats(0.2, 3),
)
def test_logits_within_the_tolerance_move_no_probability_by_more_than_is_allowed(
    logits: np.ndarray, signs: np.ndarray, temperature: float
) -> None:
    allowed = replace(CARD, temperature=temperature).largest_tolerance
    before, after = (probabilities(z[None], temperature) for z in (logits, logits + allowed * signs))
    assert np.abs(before - after).max() <= MOST_CHANGE + 1e-9


def test_the_tolerance_is_reached_by_two_classes_in_balance() -> None:
    """z = (0, 0) and T = 1: logits that part by t each, in the limit of small t, move p = 1/2 by t / 2."""
    t = replace(CARD, temperature=1.0).largest_tolerance
    moved = probabilities(np.array([[t, -t]]), 1.0)[0, 0] - 0.5
    assert moved == pytest.approx(MOST_CHANGE, rel=1e-3)


def test_a_detector_and_an_8_bit_classifier_have_tolerances_of_their_own() -> None:
    assert fake_networks().detector_card.largest_tolerance == MOST_CHANGE
    eight_bit = replace(CARD, temperature=0.5, precision="int8")
    assert eight_bit.largest_tolerance == pytest.approx(MOST_CHANGE_8_BIT)


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


def test_a_golden_file_holds_what_the_network_answers_to_what_it_can_hold(tmp_path: Path) -> None:
    """Inputs are rounded to half precision first: what is stored is what was answered."""
    inputs = np.full((2, 1, 4, 4), 1 + 2**-13)
    card = with_golden(tmp_path, runner(linear("classifier"), 1), inputs, CARD)
    content = (tmp_path / golden_name("classifier")).read_bytes()
    golden = golden_from_bytes(content)
    np.testing.assert_array_equal(golden.inputs, np.ones((2, 1, 4, 4), dtype=np.float32))
    np.testing.assert_allclose(golden.outputs, [[1, -1]] * 2)
    assert card.golden_sha256 == hashlib.sha256(content).hexdigest()
    assert card.golden_tolerance == pytest.approx(CARD.largest_tolerance, abs=1e-6)


def test_a_full_network_s_golden_file_can_be_made_anew(tmp_path: Path) -> None:
    before = put(tmp_path, "classifier")
    inputs = np.full((3, 1, 4, 4), 2.0)
    after = renew_golden(tmp_path, "classifier", inputs)
    assert after.golden_sha256 != before.golden_sha256
    assert replace(after, golden_sha256=before.golden_sha256) == before
    assert read_full_card(tmp_path, "classifier") == after
    np.testing.assert_array_equal(golden_inputs(tmp_path, "classifier"), inputs)


def test_a_golden_file_that_is_missing_or_damaged_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        golden_inputs(tmp_path, "classifier")
    (tmp_path / golden_name("classifier")).write_bytes(b"half")
    with pytest.raises(ProtocolError):
        golden_inputs(tmp_path, "classifier")


@given(temperature=st.floats(0.2, 3), factor=st.floats(1.01, 3))
def test_a_warmer_classifier_tolerates_more_by_as_much(temperature: float, factor: float) -> None:
    cold, warm = (replace(CARD, temperature=t).largest_tolerance for t in (temperature, factor * temperature))
    assert warm == pytest.approx(factor * cold)


def test_a_class_without_patches_gives_none_and_the_others_theirs() -> None:
    patches = np.arange(3, dtype=np.float16)[:, None, None] * np.ones((1, 2, 2), dtype=np.float16)
    p = np.array([[0.6, 0.3, 0.1], [0.9, 0.05, 0.05], [0.1, 0.1, 0.8]])
    assert telling_patches(patches, np.array([0, 0, 2]), p)[:, 0, 0, 0].tolist() == [0, 1, 2]

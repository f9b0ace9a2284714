"""What a compressed network is held to: the very bounds, and nothing written where one is broken."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.calibration import probabilities
from protocol.golden import golden_from_bytes
from protocol.model_card import ModelCard
from protocol.model_folder import LARGEST_LOSS_POINTS, LOSS_MEASURE, golden_name, network_name, why_not_instead
from tests.fakes import fake_networks
from tests.trainer.striped import write_striped
from tests.trainer.tiny_networks import linear, put
from trainer.data.dataset import shards_of
from trainer.export.acceptance import (
    BATCH,
    MOST_CALIBRATION_LOSS,
    MOST_NAMED_CHANGE_POINTS,
    AcceptanceTest,
    _differences,
    _refuse_loss,
    frames_of,
    map_acceptance,
    patch_acceptance,
    write_accepted,
)
from trainer.export.card import read_full_card
from trainer.export.runtime import Run

FULL = {"accuracy": 0.9, "expected_calibration_error": 0.01, "named": 0.8, "wrong_of_named": 0.02}
NAN = float("nan")
CARD = replace(fake_networks().classifier_card, temperature=1.0, threshold=0.7)


def refused(**after: float) -> bool:
    try:
        _refuse_loss("it", FULL, {**FULL, **after})
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ({"accuracy": 0.894}, r"it loses 0\.6 points \(0\.9000 to 0\.8940\), more than 0\.5"),
        ({"accuracy": NAN}, "it loses nan points"),
        ({"named": 0.789}, r"it names 0\.7890 where the full network names 0\.8000: 1\.1 points, more than 1"),
        ({"named": 0.811}, r"1\.1 points, more than 1"),
        ({"named": NAN}, "it names nan"),
        ({"expected_calibration_error": 0.0151}, r"raises the calibration error from 0\.0100 to 0\.0151"),
        ({"expected_calibration_error": NAN}, "raises the calibration error"),
    ],
)
def test_a_network_that_became_another_one_is_refused_with_both_numbers(after: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _refuse_loss("it", FULL, {**FULL, **after})


@pytest.mark.parametrize(
    "after", [{}, {"accuracy": 0.895}, {"accuracy": 0.99}, {"named": 0.791}, {"named": 0.809}, {"wrong_of_named": 1.0}]
)
def test_a_network_within_the_bounds_is_accepted(after: dict[str, float]) -> None:
    assert not refused(**after)


@given(accuracy=st.floats(0, 1), named=st.floats(0, 1), error=st.floats(0, 1))
def test_a_network_is_refused_exactly_when_a_bound_is_broken(accuracy: float, named: float, error: float) -> None:
    loss, change = round(100 * (0.9 - accuracy), 3), round(100 * (0.8 - named), 3)
    broken = loss > LARGEST_LOSS_POINTS or abs(change) > MOST_NAMED_CHANGE_POINTS
    broken |= error - FULL["expected_calibration_error"] > MOST_CALIBRATION_LOSS
    assert refused(accuracy=accuracy, named=named, expected_calibration_error=error) == broken


def test_a_detector_is_held_to_its_f1_alone() -> None:
    _refuse_loss("it", {"f1": 0.9, "mask_iou": 0.9}, {"f1": 0.9, "mask_iou": 0.1})
    with pytest.raises(ValueError, match="it loses 10 points"):
        _refuse_loss("it", {"f1": 0.9, "mask_iou": 0.9}, {"f1": 0.8, "mask_iou": 0.9})


def brightness(batch: np.ndarray) -> np.ndarray:
    """Logits (n, 2) whose first is the mean of the patch."""
    mean = batch.mean((1, 2, 3))
    return np.stack([mean, np.zeros_like(mean)], 1).astype(np.float32)


def test_a_classifier_s_measures_are_shares_of_its_patches() -> None:
    """Logits of ±3 make 0.953; of 0.5, 0.62: three of four named, one of them wrong."""
    bright = np.array([3.0, 3.0, -3.0, 0.5])
    patches = bright[:, None, None, None] * np.ones((1, 1, 2, 2))
    measures = patch_acceptance(patches, np.array([0, 1, 1, 0])).measures(brightness, CARD)
    assert measures["accuracy"] == 0.75
    assert measures["named"] == 0.75
    assert measures["wrong_of_named"] == pytest.approx(1 / 3)
    cold = patch_acceptance(patches, np.array([0, 1, 1, 0])).measures(brightness, replace(CARD, temperature=0.1))
    assert (cold["accuracy"], cold["named"]) == (0.75, 1.0)  # the argmax knows no temperature


def test_where_nothing_is_named_nothing_is_wrong() -> None:
    test = patch_acceptance(np.zeros((3, 1, 2, 2)), np.array([0, 0, 1]))
    assert test.measures(brightness, CARD)["named"] == test.measures(brightness, CARD)["wrong_of_named"] == 0


@given(count=st.integers(1, 3 * BATCH))
def test_batches_hold_every_patch_once_in_its_order(count: int) -> None:
    patches = np.arange(count, dtype=np.float16)[:, None, None, None] * np.ones((1, 1, 1, 1))
    test = patch_acceptance(patches, np.zeros(count, dtype=int))
    assert test.samples == count
    assert max(len(batch) for batch in test.inputs) <= BATCH
    assert np.concatenate(list(test.inputs)).ravel().tolist() == list(range(count))


def test_frames_come_without_the_dataset_s_padding_and_with_sides_that_divide(bank: Path) -> None:
    """Stripes' maps are 16 by 24 and 16 by 32, stored as 32 by 32."""
    frames = frames_of(shards_of(bank)[:1])
    assert [frame.shape for frame in frames[:2]] == [(1, 2, 16, 24), (1, 2, 16, 32)]
    assert all(frame.any() for frame in frames)


def test_a_detector_is_measured_on_every_frame_and_compared_on_some(bank: Path) -> None:
    test = map_acceptance(shards_of(bank))
    card = replace(fake_networks().detector_card, threshold=0.5)

    def seeing(channels: np.ndarray) -> np.ndarray:
        return np.concatenate([channels[:, :1], channels[:, :1], 0 * channels[:, :1]], 1)

    assert test.samples == 72
    assert len(test.inputs) == 64
    # The stripes' squares are border through and through, so the mask is right and there is no particle to find.
    assert test.measures(seeing, card) == {"f1": 0.0, "mask_iou": 1.0}
    blind = test.measures(lambda channels: np.zeros((1, 3, *channels.shape[2:]), dtype=np.float32), card)
    assert blind == {"f1": 0.0, "mask_iou": 0.0}


def test_differences_are_of_outputs_and_of_answers() -> None:
    """Of four answers one is another: a class of a patch, or a pixel of a map that passes a half."""
    inputs = [np.zeros((2, 1), dtype=np.float32)] * 2
    one = iter([np.array([[1.0, 0], [0, 1]]), np.array([[1.0, 0], [1, 0]])])
    two = iter([np.array([[1.0, 0], [0, 1]]), np.array([[1.0, 0], [1, 1.25]])])
    found = _differences(lambda _: next(one), lambda _: next(two), inputs)
    assert found == {"largest_difference": 1.25, "mean_difference": 0.15625, "same_answers": 0.75}
    maps = iter([np.full((1, 1, 2, 2), 0.6), np.array([0.6, 0.6, 0.6, 0.4]).reshape(1, 1, 2, 2)])
    seen = _differences(lambda _: next(maps), lambda _: next(maps), inputs[:1])
    assert seen["same_answers"] == 0.75


def steady(measures: Mapping[str, float]) -> AcceptanceTest:
    """Finds the same for every network."""
    x = np.ones((2, 1, 16, 16), dtype=np.float32)
    return AcceptanceTest(inputs=[x], measures=lambda run, card: dict(measures), samples=2)


def test_an_accepted_network_s_card_says_what_it_was_made_of_and_its_golden_file_what_it_answers(
    tmp_path: Path,
) -> None:
    full = put(tmp_path, "classifier")
    content = linear("classifier", weights=np.array([[1.001, -1.0]]))
    card = write_accepted(tmp_path, "classifier", "fp16", content, steady(FULL))
    assert (tmp_path / network_name("classifier", "fp16")).read_bytes() == content
    assert card.model_sha256 == hashlib.sha256(content).hexdigest()
    assert card.made_of_sha256 == full.model_sha256
    assert (card.precision, card.temperature, card.classes) == ("fp16", full.temperature, full.classes)
    assert (card.measures[LOSS_MEASURE], card.measures["full_accuracy"], card.measures["samples"]) == (0.0, 0.9, 2.0)
    assert card.measures["largest_difference"] == pytest.approx(0.001, rel=0.02)
    golden = (tmp_path / golden_name("classifier", "fp16")).read_bytes()
    assert hashlib.sha256(golden).hexdigest() == card.golden_sha256
    np.testing.assert_allclose(golden_from_bytes(golden).outputs, [[1.001, -1.0]] * 2, rtol=1e-6)
    assert why_not_instead(card, full) == ""
    assert read_full_card(tmp_path, "classifier") == full  # the full network's own card is left alone


@pytest.mark.parametrize("wrong", [0.5, NAN])
def test_of_a_refused_network_nothing_is_written(wrong: float, tmp_path: Path) -> None:
    put(tmp_path, "classifier")
    before = sorted(tmp_path.iterdir())
    found = iter([FULL, {**FULL, "accuracy": wrong}])
    test = AcceptanceTest(inputs=[np.ones((1, 1, 16, 16))], measures=lambda run, card: next(found), samples=1)
    with pytest.raises(ValueError, match=r"classifier\.onnx in int8 loses"):
        write_accepted(tmp_path, "classifier", "int8", linear("classifier"), test)
    assert sorted(tmp_path.iterdir()) == before


def test_a_network_whose_outputs_are_no_numbers_is_refused_though_it_measures_well(tmp_path: Path) -> None:
    """NaN above a half is False as well as below: the answers alone would not show it."""
    put(tmp_path, "classifier")
    before = sorted(tmp_path.iterdir())
    broken = linear("classifier", weights=np.array([[NAN, -1.0]]))
    with pytest.raises(ValueError, match="measures of the classifier are no finite numbers: largest_difference"):
        write_accepted(tmp_path, "classifier", "fp16", broken, steady(FULL))
    assert sorted(tmp_path.iterdir()) == before


def test_the_loss_is_the_full_network_s_less_the_compressed_one_s(tmp_path: Path) -> None:
    """What gains has a negative loss, and is not refused for it."""
    put(tmp_path, "classifier")
    asked: list[Run] = []

    def measures(run: Run, card: ModelCard) -> dict[str, float]:
        asked.append(run)
        return {**FULL, "accuracy": 0.9 + 0.001 * len(asked)}

    x = np.ones((1, 1, 16, 16), dtype=np.float32)
    test = AcceptanceTest(inputs=[x], measures=measures, samples=1)
    twice = linear("classifier", weights=np.array([[2.0, -2.0]]))
    card = write_accepted(tmp_path, "classifier", "fp16", twice, test)
    assert card.measures[LOSS_MEASURE] == -0.1
    # First the full network is asked, then the other one, which answers twice as much.
    np.testing.assert_allclose(asked[1](x), 2 * asked[0](x))
    assert probabilities(asked[0](x), card.temperature)[0, 0] > 0.98


def test_a_folder_without_the_full_network_has_nothing_to_compare_with(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_accepted(tmp_path, "detector", "fp16", b"", map_acceptance(shards_of(write_striped(tmp_path / "d", 1))))

"""Answers to a held-out dataset: its halves, its envelope."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.trainer.known_predictions import metadata_of
from trainer.data.dataset import Patches
from trainer.evaluation.predictions import BATCH, envelope, evaluate, logits_of
from trainer.evaluation.splits import in_calibration_split


def test_the_halves_are_of_structures_and_the_envelope_is_corrected_and_bright() -> None:
    """Two classes: ten rounds of them are twenty structures."""
    assert list(in_calibration_split(np.array([0, 19, 20, 39, 40]), 2)) == [True, True, False, False, True]
    metadata = metadata_of([0, -1, 0, 0], dose_e_per_a2=[100, 500, 99, 500], c3_nm=[-1e5, 0, 0, 1.1e5])
    assert list(envelope(metadata)) == [True, False, False, False]
    assert list(envelope(metadata, corrected=False)) == [False, False, False, True]


def test_a_dataset_without_a_half_to_set_on_is_refused() -> None:
    held_out = Patches(patches=np.zeros((2, 4, 4), dtype=np.float16), metadata=metadata_of([0, 1], [20, 21]))
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2))
    with pytest.raises(ValueError, match="none of 2 held-out patches is of the half"):
        evaluate(network, held_out, 2, 0.1)


class Brightness(torch.nn.Module):
    """Bright patches are of class 1."""

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        assert len(batch) <= BATCH
        by = batch.mean((1, 2, 3))
        return torch.stack([-by, by], 1)


def held_out(structures: int = 800) -> Patches:
    """Rounds of two classes, half of them held out to set and half to measure; every twentieth is answered wrongly."""
    waves = np.arange(structures)
    labels = waves % 2
    bright = np.where(waves // 2 % 10 == 5, 1 - labels, labels) * 2.0 - 1
    return Patches(
        patches=(3 * bright[:, None, None] * np.ones((1, 4, 4))).astype(np.float16),
        metadata=metadata_of(list(labels), list(waves)),
    )


@pytest.mark.parametrize("count", [1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH])
def test_every_patch_is_answered_once_and_in_its_order(count: int) -> None:
    patches = np.arange(count, dtype=np.float16)[:, None, None] * np.ones((1, 2, 2), dtype=np.float16)
    logits = logits_of(Brightness(), patches)
    assert logits.dtype == np.float64
    np.testing.assert_allclose(logits[:, 1], np.arange(count))


def test_temperature_and_threshold_are_set_on_one_half_and_hold_on_the_other() -> None:
    found = evaluate(Brightness(), held_out(), 2, 0.2)
    np.testing.assert_array_equal(found.calibration, in_calibration_split(found.metadata["wave"], 2))
    p, metadata = found.test_split()
    assert len(p) == (~found.calibration).sum()
    assert not set(metadata["wave"]) & set(found.metadata["wave"][found.calibration])
    # One in ten is wrong: calibrated, the confidence says so.
    assert p.max(1).mean() == pytest.approx(0.9, abs=0.01)
    np.testing.assert_array_equal(found.p.argmax(1), found.logits.argmax(1))
    assert found.threshold < 0.9


def test_what_the_measured_half_holds_changes_neither_temperature_nor_threshold() -> None:
    """Whatever its labels say: nothing of the half that is measured may have been looked at."""
    plain, other = held_out(), held_out()
    measured = ~in_calibration_split(other.metadata["wave"], 2)
    other.metadata["label"][measured] = 1 - other.metadata["label"][measured]
    one, two = (evaluate(Brightness(), data, 2, 0.2) for data in (plain, other))
    assert (one.temperature, one.threshold) == (two.temperature, two.threshold)
    assert (two.test_split()[0].argmax(1) == two.test_split()[1]["label"]).mean() == pytest.approx(0.1)


def test_images_outside_of_the_envelope_set_nothing() -> None:
    """Faint ones, those without a corrector and those without a class may be answered as wrongly as can be."""
    plain = held_out()
    outside = held_out(1600)
    extra = np.arange(1600) >= 800
    outside.patches[extra] *= -1
    outside.metadata["dose_e_per_a2"][extra & (np.arange(1600) % 3 == 0)] = 50.0
    outside.metadata["c3_nm"][extra & (np.arange(1600) % 3 == 1)] = 1e6
    outside.metadata["label"][extra & (np.arange(1600) % 3 == 2)] = -1
    one, two = (evaluate(Brightness(), data, 2, 0.2) for data in (plain, outside))
    assert (one.temperature, one.threshold) == (two.temperature, two.threshold)


def test_a_subset_keeps_answers_and_metadata_together() -> None:
    found = evaluate(Brightness(), held_out(), 2, 0.2)
    chosen = np.arange(800) % 7 == 3
    p, metadata = found.subset(chosen)
    np.testing.assert_array_equal(metadata["wave"], np.arange(800)[chosen])
    np.testing.assert_array_equal(p, found.p[chosen])
    bright, _ = found.test_split(least_dose=2000.0)
    assert len(bright) == 0

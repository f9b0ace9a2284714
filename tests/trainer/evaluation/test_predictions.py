"""Answers to a held-out dataset: its halves, its envelope."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.trainer.known_predictions import metadata_of
from trainer.data.dataset import Patches
from trainer.evaluation.predictions import envelope, evaluate
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

"""A file that is no checkpoint, or that says what cannot be understood, is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trainer.fit.checkpoint import load, save, training_data


def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    save(tmp_path / "x.pt", {"weights": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"x\.pt is no checkpoint"):
        load(tmp_path / "x.pt")


def test_training_data_that_cannot_be_understood_are_named(tmp_path: Path) -> None:
    state = {"config": {"role": "classifier"}, "data": {"geometry": {"patch_px": 0}}}
    with pytest.raises(ValueError, match=r"x\.pt: training data: "):
        training_data(tmp_path / "x.pt", state)

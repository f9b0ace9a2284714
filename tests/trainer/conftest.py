"""Tiny networks train faster on one thread than on many."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.trainer.striped import write_striped


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """A dataset of three shards of stripes."""
    return write_striped(tmp_path / "bank")

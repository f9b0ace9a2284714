"""Processes share a batch evenly or not at all."""

from __future__ import annotations

import pytest
import torch

from trainer.fit.distributed import Process


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be shared evenly to 3"):
        Process(rank=0, processes=3, device=torch.device("cpu")).share(8)

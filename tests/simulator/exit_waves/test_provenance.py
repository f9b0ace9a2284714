"""What made a wave is told by versions, device, processor and threads."""

from __future__ import annotations

import numpy as np
import torch

from simulator.exit_waves.provenance import made_by, versions

CPU = torch.device("cpu")


def test_versions_and_device_are_named() -> None:
    text = versions(CPU)
    assert text.startswith("beamside ")
    assert f"torch {torch.__version__}, numpy {np.__version__}, cpu" in text


def test_the_number_of_threads_is_part_of_what_made_a_wave() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = made_by(CPU)
        torch.set_num_threads(2)
        assert made_by(CPU) != one
        assert one.startswith(versions(CPU))
    finally:
        torch.set_num_threads(before)

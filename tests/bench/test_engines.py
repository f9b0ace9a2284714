"""The benchmark counts operations rightly; its times are nobody's test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.edge.settings import MODELS
from tests.bench.engines import WIDE, flops, one_convolution


def test_the_operations_of_one_convolution_are_those_counted_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "one.onnx"
    path.write_bytes(one_convolution(np.zeros((WIDE, WIDE, 3, 3), dtype=np.float32)))
    each_output = 2 * 3 * 3 * WIDE
    assert flops(path, (1, WIDE, WIDE, WIDE)) == WIDE * WIDE * WIDE * each_output


def test_operations_of_the_detector_grow_with_the_area_of_its_map() -> None:
    small, large = (flops(MODELS / "detector.onnx", (1, 2, side, side)) for side in (64, 128))
    assert large == pytest.approx(4 * small)

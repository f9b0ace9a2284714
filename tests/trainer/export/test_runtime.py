"""A network's bytes as a function: what it is given, is what it answers to."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.tiny_networks import linear
from trainer.export.runtime import runner


def test_a_network_is_a_function_of_its_batch() -> None:
    run = runner(linear("classifier", weights=np.array([[2.0, -1.0]])), threads=1)
    x = np.array([1.0, 3.0], dtype=np.float32)[:, None, None, None] * np.ones((1, 1, 4, 4), dtype=np.float32)
    # The mean of a patch, times two and times minus one.
    np.testing.assert_allclose(run(x), [[2, -1], [6, -3]], rtol=1e-6)
    assert run(x).dtype == np.float32
    np.testing.assert_array_equal(run(x[:1]), run(x)[:1])


def test_what_is_no_network_is_not_run() -> None:
    with pytest.raises(Exception, match=r"(?i)protobuf|model|load"):
        runner(b"no network")


def test_a_batch_of_another_kind_of_numbers_is_not_taken() -> None:
    """ONNX Runtime converts nothing: to round float64 silently would hide a wrong preprocessing."""
    run = runner(linear("classifier", weights=np.array([[1.0, 1.0]])), threads=1)
    with pytest.raises(Exception, match="double"):
        run(np.zeros((1, 1, 4, 4)))  # type: ignore[arg-type]

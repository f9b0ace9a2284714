"""Kernels in half precision."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from trainer.export.runtime import runner
from trainer.export.weight_packing import packed, unpacked


def a_convolution(largest: float) -> onnx.ModelProto:
    """One convolution of 32 kernels and a summand that is no kernel."""
    rng = np.random.default_rng(1)
    kernel = rng.uniform(-largest, largest, (32, 1, 3, 3)).astype(np.float32)
    summand = rng.standard_normal(32).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "kernel", "summand"], ["y"], pads=[1, 1, 1, 1])],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 32, 8, 8])],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(summand, "summand")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def test_a_packed_kernel_takes_half_the_room_and_is_rounded_to_eleven_bits() -> None:
    whole = a_convolution(1.0)
    small = packed(whole)
    onnx.checker.check_model(small)
    before, after = (numpy_helper.to_array(m.graph.initializer[0]) for m in (whole, unpacked(small)))
    np.testing.assert_allclose(after, before, rtol=2**-11, atol=1e-7)
    assert (after != before).any()
    assert len(small.graph.initializer[0].raw_data) == before.nbytes / 2
    np.testing.assert_array_equal(*(numpy_helper.to_array(m.graph.initializer[1]) for m in (whole, small)))


def test_packed_and_unpacked_compute_the_same() -> None:
    small = packed(a_convolution(1.0))
    x = np.random.default_rng(2).standard_normal((1, 1, 8, 8)).astype(np.float32)
    one, two = (runner(m.SerializeToString(), threads=1)(x) for m in (small, unpacked(small)))
    np.testing.assert_array_equal(one, two)


def test_what_was_never_packed_comes_back_as_it_is() -> None:
    whole = a_convolution(1.0)
    assert unpacked(whole) == whole


def test_a_kernel_beyond_half_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="kernel holds weights beyond"):
        packed(a_convolution(1e6))

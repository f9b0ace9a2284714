"""The shipped 8-bit networks give the same integers on every processor, by arithmetic and by emulation."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper, numpy_helper

from agent.edge.settings import MODELS
from protocol.golden import golden_from_bytes
from protocol.input_geometry import ROLES, Role
from protocol.model_card_json import card_from_json
from protocol.model_folder import golden_name
from tests.saturating import emulated, pair_sums, with_full_range
from trainer.export.saturation import MOST_SUM, extreme_sums, refuse_saturation
from trainer.export.saturation import pair_sums as layer_sums

LOOKED_AT = 2
"""Golden inputs that are emulated; one takes seconds."""


def shipped(role: Role) -> onnx.ModelProto:
    return onnx.load(MODELS / f"{role}.int8.onnx")


@pytest.mark.parametrize("role", ROLES)
def test_no_two_products_of_a_shipped_network_can_leave_16_bits(role: Role) -> None:
    model = shipped(role)
    layers = list(layer_sums(model))
    assert len(layers) == sum(node.op_type == "Conv" for node in model.graph.node)  # none was overlooked
    assert [layer for layer in layers if layer.can_saturate] == []
    refuse_saturation(model)


@pytest.mark.parametrize("role", ROLES)
def test_the_saturating_instruction_gives_the_same_logits_as_exact_sums(role: Role) -> None:
    golden = golden_from_bytes((MODELS / golden_name(role, "int8")).read_bytes())
    card = card_from_json((MODELS / f"{role}.int8.json").read_text(encoding="utf-8"))
    for x, wanted in zip(golden.inputs[:LOOKED_AT, None], golden.outputs, strict=False):
        saturating, exact = (emulated(shipped(role), x, saturate=s) for s in (True, False))
        assert np.array_equal(saturating, exact)
        assert np.abs(saturating[0] - wanted).max() <= card.golden_tolerance


def test_weights_of_eight_bits_would_saturate_and_are_refused() -> None:
    """The proof can fail: the same network with weights twice as large is wrong on such a processor."""
    wide = with_full_range(shipped("classifier"))
    golden = golden_from_bytes((MODELS / golden_name("classifier", "int8")).read_bytes())
    saturating, exact = (emulated(wide, golden.inputs[:1], saturate=s) for s in (True, False))
    assert np.abs(saturating - exact).max() > 0.1
    with pytest.raises(ValueError, match="a processor without VNNI would saturate"):
        refuse_saturation(wide)


@given(
    weights=hnp.arrays(np.int8, st.tuples(st.integers(1, 4), st.integers(2, 12))),
    rows=hnp.arrays(np.uint8, st.tuples(st.integers(1, 4), st.just(12))),
)
def test_the_bound_holds_every_sum_of_two_products(weights: np.ndarray, rows: np.ndarray) -> None:
    least, most = extreme_sums(weights)
    for i in range(weights.shape[1]):
        for j in range(i):
            pairs = [pair_sums(rows[:, [i, j]], weights[:, [i, j]], saturate=False)]
            assert all(least <= p.min() and p.max() <= most for p in pairs)
    inside = least >= -(2**15) and most <= MOST_SUM
    k = weights.shape[1]
    same = np.array_equal(*(pair_sums(rows[:, :k], weights, saturate=s) for s in (True, False)))
    assert same or not inside


def test_the_bound_is_what_one_calculates_by_hand() -> None:
    assert extreme_sums(np.array([[64, -3, 64], [-64, -64, 1]], dtype=np.int8)) == (-32640, 32640)
    assert extreme_sums(np.array([[127, 127, -128]], dtype=np.int8)) == (-32640, 64770)
    assert extreme_sums(np.array([[5, 3]], dtype=np.int8)) == (0, 255 * 8)


def test_weights_that_are_not_signed_8_bit_integers_are_refused() -> None:
    arrays = {"w": np.zeros((1, 1, 1, 1), np.uint8), "s": np.float32(1), "z": np.uint8(0)}
    nodes = [helper.make_node("DequantizeLinear", ["w", "s", "z"], ["d"]), helper.make_node("Conv", ["x", "d"], ["y"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 2, 2]) for name in "xy"]
    graph = helper.make_graph(
        nodes, "one", ends[:1], ends[1:], [numpy_helper.from_array(np.asarray(v), k) for k, v in arrays.items()]
    )
    with pytest.raises(ValueError, match="weights of int8 were promised, got uint8"):
        list(layer_sums(helper.make_model(graph)))


def one_layer(kind: str, weights: np.ndarray, **attributes: int) -> onnx.ModelProto:
    """A layer whose weights are dequantised integers."""
    arrays = {"w": weights, "s": np.float32(1), "z": np.int8(0)}
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["d"]),
        helper.make_node(kind, ["x", "d"], ["y"], name="layer", **attributes),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    return helper.make_model(
        helper.make_graph(
            nodes, "one", ends[:1], ends[1:], [numpy_helper.from_array(np.asarray(v), k) for k, v in arrays.items()]
        )
    )


def test_a_product_is_bounded_along_the_side_that_is_summed_over() -> None:
    """Weights (k, n) of MatMul, (n, k) of Gemm with transB: 127 + 127 meet only where both lie along k."""
    weights = np.array([[127, 127], [0, 0]], dtype=np.int8)
    (apart,) = layer_sums(one_layer("MatMul", weights))
    (together,) = layer_sums(one_layer("Gemm", weights, transB=1))
    assert (apart.most, together.most) == (255 * 127, 255 * 254)
    assert (apart.can_saturate, together.can_saturate) == (False, True)


def test_a_network_whose_integers_cannot_be_read_is_refused_and_not_passed() -> None:
    with pytest.raises(ValueError, match="integers within QLinearConv are not read"):
        refuse_saturation(one_layer("QLinearConv", np.zeros((1, 1), dtype=np.int8)))

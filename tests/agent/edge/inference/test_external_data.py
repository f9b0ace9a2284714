"""A network whose weights lie in another file is refused, wherever in it they are named, before a runtime sees it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from agent.edge.errors import EdgeError
from agent.edge.inference.external_data import check_self_contained
from agent.edge.settings import MODELS

SIDE = 64
ENDS = [
    [helper.make_tensor_value_info("patches", TensorProto.FLOAT, [1, SIDE])],
    [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, SIDE])],
]


def weight(name: str = "w", value: float = 2.0) -> TensorProto:
    return numpy_helper.from_array(np.full((SIDE, SIDE), value, dtype=np.float32), name)


def model(nodes: list[onnx.NodeProto], weights: list[TensorProto]) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "one", ENDS[0], ENDS[1], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def product() -> onnx.ModelProto:
    """logits = patches w, with w inside."""
    return model([helper.make_node("MatMul", ["patches", "w"], ["logits"])], [weight()])


def elsewhere(tensor: TensorProto) -> TensorProto:
    """The tensor as one whose numbers lie in weights.bin."""
    onnx.external_data_helper.set_external_data(tensor, location="weights.bin")
    tensor.ClearField("raw_data")
    return tensor


def in_initializer() -> onnx.ModelProto:
    made = product()
    elsewhere(made.graph.initializer[0])
    return made


def in_constant() -> onnx.ModelProto:
    constant = helper.make_node("Constant", [], ["w"], value=elsewhere(weight()))
    return model([constant, helper.make_node("MatMul", ["patches", "w"], ["logits"])], [])


def in_subgraph() -> onnx.ModelProto:
    """In one branch of an If inside the branch of another."""
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [SIDE, SIDE])
    inner = helper.make_graph(
        [helper.make_node("Identity", ["v"], ["y"])], "inner", [], [output], [elsewhere(weight("v"))]
    )
    choose = helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner)
    outer = helper.make_graph([choose], "outer", [], [output], [])
    yes = numpy_helper.from_array(np.array(True), "yes")
    nodes = [
        helper.make_node("If", ["yes"], ["w"], then_branch=outer, else_branch=outer),
        helper.make_node("MatMul", ["patches", "w"], ["logits"]),
    ]
    return model(nodes, [yes])


def in_function() -> onnx.ModelProto:
    constant = helper.make_node("Constant", [], ["w"], value=elsewhere(weight()))
    product_node = helper.make_node("MatMul", ["x", "w"], ["y"])
    opsets = [helper.make_opsetid("", 18)]
    made = model([helper.make_node("Times", ["patches"], ["logits"], domain="own")], [])
    made.functions.append(helper.make_function("own", "Times", ["x"], ["y"], [constant, product_node], opsets))
    return made


def in_sparse() -> onnx.ModelProto:
    made = product()
    values = elsewhere(numpy_helper.from_array(np.ones(2, dtype=np.float32), "sparse"))
    indices = numpy_helper.from_array(np.array([0, 1]), "where")
    made.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [SIDE * SIDE]))
    return made


def without_location() -> onnx.ModelProto:
    """A file is named, while the place is said to be here: some readers look at the one, some at the other."""
    made = in_initializer()
    made.graph.initializer[0].ClearField("data_location")
    return made


@pytest.mark.parametrize("make", [in_initializer, in_constant, in_subgraph, in_function, in_sparse, without_location])
def test_a_tensor_that_lies_elsewhere_is_found_wherever_it_is_named(make: Callable[[], onnx.ModelProto]) -> None:
    with pytest.raises(EdgeError, match="lies in another file, which the card's hash does not cover"):
        check_self_contained(make().SerializeToString())


def test_what_holds_its_weights_passes() -> None:
    check_self_contained(product().SerializeToString())


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.onnx")), ids=lambda path: path.name)
def test_the_shipped_networks_hold_their_weights(path: Path) -> None:
    check_self_contained(path.read_bytes())


def test_onnx_runtime_would_read_the_other_file_even_from_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why the bytes are walked: given them alone, ONNX Runtime still follows the weights, and a change of them."""
    content = in_initializer().SerializeToString()
    monkeypatch.chdir(tmp_path)
    answers = []
    for value in (2.0, 5.0):
        np.full((SIDE, SIDE), value, dtype=np.float32).tofile(tmp_path / "weights.bin")
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        answers.append(float(session.run(None, {"patches": np.ones((1, SIDE), np.float32)})[0][0, 0]))
    assert answers == [2.0 * SIDE, 5.0 * SIDE]
    assert os.listdir(tmp_path) == ["weights.bin"]


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_are_walked_to_an_end_or_refused(content: bytes) -> None:
    with contextlib.suppress(EdgeError):  # anything else that is raised fails the test
        check_self_contained(content)


@given(st.data())
def test_a_file_that_is_cut_or_damaged_is_walked_to_an_end_or_refused(data: st.DataObject) -> None:
    content = bytearray(in_subgraph().SerializeToString()[:2000])
    del content[data.draw(st.integers(0, len(content))) :]
    if content:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(EdgeError):
        check_self_contained(bytes(content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it holds no graph"),
        (b"\x3a\x05ab", "byte 7 was promised, its message ends at 4"),
        (b"\x38\x01", "field 7 of Model is a number, not a message"),
        (b"\x3b", "has wire type 3"),
        (b"\xff" * 11, "does not end"),
        (b"\x80", "was promised"),
        (b"\x3d\x01\x02", "was promised"),
    ],
)
def test_what_is_no_protobuf_message_is_no_network(content: bytes, message: str) -> None:
    with pytest.raises(EdgeError, match=f"this is no ONNX file: .*{message}"):
        check_self_contained(content)

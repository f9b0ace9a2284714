"""Half precision: what leads to a logarithm stays in single, and what half cannot hold is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from protocol.model_folder import network_name
from tests.trainer.tiny_networks import linear, model_of, put
from trainer.export.acceptance import AcceptanceTest
from trainer.export.half import HALF, LARGEST_HALF, _join_casts, _refuse_overflow, before_logarithms, halve
from trainer.export.runtime import runner


def chain(*steps: tuple[str, list[str], str], **constants: object) -> onnx.ModelProto:
    """Nodes (operator, inputs, output) from `x` to `y`, each of the name of its output."""
    nodes = [helper.make_node(kind, taken, [given], name=given) for kind, taken, given in steps]
    return model_of(nodes, {"x": [1, 4]}, {"y": [1, 4]}, **constants)


def test_what_a_logarithm_is_made_of_is_found_and_what_comes_after_it_is_not() -> None:
    model = chain(
        ("Abs", ["x"], "a"), ("Sqrt", ["a"], "b"), ("Log", ["b"], "c"), ("Relu", ["x"], "d"), ("Add", ["c", "d"], "y")
    )
    assert set(before_logarithms(model)) == {"a", "b", "c"}


def test_two_logarithms_that_share_their_beginning_name_it_once() -> None:
    model = chain(("Abs", ["x"], "a"), ("Log", ["a"], "b"), ("Log", ["a"], "c"), ("Add", ["b", "c"], "y"))
    found = before_logarithms(model)
    assert sorted(found) == ["a", "b", "c"]
    assert before_logarithms(chain(("Relu", ["x"], "y"))) == []


def cast(taken: str, given: str, to: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [taken], [given], name=given, to=to)


def test_going_down_to_half_and_up_again_is_taken_out() -> None:
    """Between two nodes in single precision the way through half would only round."""
    nodes = [
        helper.make_node("Abs", ["x"], ["a"]),
        cast("a", "low", HALF),
        cast("low", "high", TensorProto.FLOAT),
        helper.make_node("Log", ["high"], ["y"]),
    ]
    model = model_of(nodes, {"x": [1, 4]}, {"y": [1, 4]})
    _join_casts(model)
    assert [node.op_type for node in model.graph.node] == ["Abs", "Log"]
    x = np.array([[1.0001, 2, 3, 4]], dtype=np.float32)
    np.testing.assert_allclose(runner(model.SerializeToString(), 1)(x), np.log(x), rtol=1e-6)


def test_a_half_that_somebody_else_reads_stays() -> None:
    nodes = [
        cast("x", "low", HALF),
        cast("low", "high", TensorProto.FLOAT),
        helper.make_node("Relu", ["low"], ["kept"]),
        cast("kept", "again", TensorProto.FLOAT),
        helper.make_node("Add", ["high", "again"], ["y"]),
    ]
    model = model_of(nodes, {"x": [1, 4]}, {"y": [1, 4]})
    _join_casts(model)
    assert [node.op_type for node in model.graph.node] == ["Cast", "Relu", "Cast", "Add"]
    onnx.checker.check_model(model)


@pytest.mark.parametrize(("reaches", "is_refused"), [(0.99 * LARGEST_HALF, False), (1.01 * LARGEST_HALF, True)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_inner_values_keep_a_distance_from_what_half_holds(reaches: float, is_refused: bool, sign: int) -> None:
    full = chain(("Mul", ["x", "up"], "a"), ("Mul", ["a", "down"], "y"), up=np.float32(sign), down=np.float32(1e-4))
    half = model_of(
        [
            cast("x", "x_low", HALF),
            helper.make_node("Mul", ["x_low", "up"], ["a"]),
            helper.make_node("Mul", ["a", "down"], ["y_low"]),
            cast("y_low", "y", TensorProto.FLOAT),
        ],
        {"x": [1, 4]},
        {"y": [1, 4]},
        up=np.float16(1),
        down=np.float16(1e-4),
    )
    x = np.array([[0, 1, 2, reaches]], dtype=np.float32)
    if is_refused:
        with pytest.raises(ValueError, match=r"it in fp16 overflows: a reaches 1\.65e\+04, more than 16376"):
            _refuse_overflow(Path("it"), full, half, x)
    else:
        _refuse_overflow(Path("it"), full, half, x)


def test_the_ends_of_a_halved_network_are_in_single_precision(tmp_path: Path) -> None:
    """Whoever serves it hands in and takes out what he does of the full one."""
    put(tmp_path, "classifier")
    x = np.random.default_rng(1).standard_normal((3, 1, 16, 16)).astype(np.float32)
    test = AcceptanceTest(inputs=[x], measures=lambda run, card: {"accuracy": 1.0}, samples=3)
    card = halve(tmp_path, "classifier", test)
    model = onnx.load(tmp_path / network_name("classifier", "fp16"))
    for end in (*model.graph.input, *model.graph.output):
        assert end.type.tensor_type.elem_type == TensorProto.FLOAT
    assert {weight.data_type for weight in model.graph.initializer} == {HALF}
    got = runner(model.SerializeToString(), 1)(x)
    np.testing.assert_allclose(got, runner(linear("classifier"), 1)(x), atol=1e-3)
    assert card.measures["same_answers"] == 1.0


def test_what_the_network_ends_with_is_looked_at_too(tmp_path: Path) -> None:
    """Its name is kept by the cast that widens it again, behind which the half precision hides."""
    put(tmp_path, "classifier", linear("classifier", weights=np.array([[9e3, -9e3]])))
    x = np.full((2, 1, 16, 16), 2.0, dtype=np.float32)
    test = AcceptanceTest(inputs=[x], measures=lambda run, card: {"accuracy": 1.0}, samples=2)
    with pytest.raises(ValueError, match=r"classifier\.onnx in fp16 overflows: logits reaches 1\.8e\+04, more than"):
        halve(tmp_path, "classifier", test)
    assert not list(tmp_path.glob("*.fp16.*"))


def test_weights_that_the_converter_would_cut_are_refused(tmp_path: Path) -> None:
    """Answers may stay the same while every probability becomes another."""
    put(tmp_path, "classifier", linear("classifier", weights=np.array([[2e4, -1.0]])))
    x = np.full((2, 1, 16, 16), 1e-3, dtype=np.float32)
    test = AcceptanceTest(inputs=[x], measures=lambda run, card: {"accuracy": 1.0}, samples=2)
    with pytest.raises(ValueError, match=r"in fp16 would cut weights: weights holds 2e\+04, more than 1e4"):
        halve(tmp_path, "classifier", test)
    assert not list(tmp_path.glob("*.fp16.*"))

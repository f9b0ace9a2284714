"""8-bit networks: calibrated on every batch, with weights of seven bits, heads in floating point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from protocol.model_folder import network_name
from tests.trainer.tiny_networks import model_of, put
from trainer.export.acceptance import AcceptanceTest
from trainer.export.int8 import Batches, quantise
from trainer.export.runtime import runner
from trainer.export.saturation import pair_sums


def test_calibration_sees_every_batch_once_under_the_input_s_name() -> None:
    batches = [np.full((1, 1), n, dtype=np.float32) for n in range(3)]
    reader = Batches("patches", batches)
    seen = [reader.get_next() for _ in range(5)]
    assert [None if one is None else float(one["patches"][0, 0]) for one in seen] == [0, 1, 2, None, None]


def convolving() -> bytes:
    """Sixteen kernels of three by three, their mean, and a head of two classes."""
    rng = np.random.default_rng(3)
    nodes = [
        helper.make_node("Conv", ["patches", "kernel", "shift"], ["c"], name="c", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"], name="r"),
        helper.make_node("GlobalAveragePool", ["r"], ["m"], name="m"),
        helper.make_node("Flatten", ["m"], ["f"], name="f"),
        helper.make_node("MatMul", ["f", "head"], ["logits"], name="logits"),
    ]
    return model_of(
        nodes,
        {"patches": ["n", 1, 16, 16]},
        {"logits": ["n", 2]},
        kernel=rng.standard_normal((16, 1, 3, 3)).astype(np.float32),
        shift=rng.standard_normal(16).astype(np.float32),
        head=rng.standard_normal((16, 2)).astype(np.float32),
    ).SerializeToString()


def noise(seed: int, spread: float = 1.0) -> NDArray[np.float32]:
    return spread * np.random.default_rng(seed).standard_normal((8, 1, 16, 16)).astype(np.float32)


def lenient(x: NDArray[np.float32]) -> AcceptanceTest:
    return AcceptanceTest(inputs=[x], measures=lambda run, card: {"accuracy": 1.0}, samples=len(x))


@pytest.fixture(scope="module")
def quantised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    put(folder, "classifier", convolving())
    quantise(folder, "classifier", [noise(1), noise(2)], lenient(noise(3)))
    return folder


def test_weights_have_seven_bits_and_cannot_saturate(quantised: Path) -> None:
    model = onnx.load(quantised / network_name("classifier", "int8"))
    kernels = [numpy_helper.to_array(w) for w in model.graph.initializer if w.data_type == onnx.TensorProto.INT8]
    weights = next(kernel for kernel in kernels if kernel.ndim == 4)
    assert np.abs(weights.astype(int)).max() in (63, 64)  # the range is used, and no more
    assert not any(layer.can_saturate for layer in pair_sums(model))


def test_the_head_stays_in_floating_point(quantised: Path) -> None:
    model = onnx.load(quantised / network_name("classifier", "int8"))
    head = next(node for node in model.graph.node if node.op_type in ("MatMul", "Gemm"))
    assert any(w.name == head.input[1] and w.data_type == onnx.TensorProto.FLOAT for w in model.graph.initializer)


def test_the_answers_are_near_the_full_network_s_on_what_it_was_calibrated_for(quantised: Path) -> None:
    full, small = (
        runner((quantised / network_name("classifier", precision)).read_bytes(), 1) for precision in ("fp32", "int8")
    )
    x = noise(4)
    scale = np.abs(full(x)).max()
    assert np.abs(full(x) - small(x)).max() < 0.03 * scale


def test_ranges_come_of_all_batches_and_not_of_the_first_alone(quantised: Path, tmp_path: Path) -> None:
    """A first batch without signal would cut off everything else."""
    put(tmp_path, "classifier", convolving())
    quantise(tmp_path, "classifier", [noise(1, 0.01), noise(2)], lenient(noise(3)))
    x = noise(4)
    full, small = (
        runner((tmp_path / network_name("classifier", precision)).read_bytes(), 1) for precision in ("fp32", "int8")
    )
    assert np.abs(full(x) - small(x)).max() < 0.05 * np.abs(full(x)).max()

"""The measurements behind three decisions, as ratios of processor time: `python -m tests.bench.engine_choices`.

1. Are the sums over blocks of a frame faster inside an ONNX graph than in `agent.core.preprocessing.block_statistics`?
2. Which kind of 8-bit quantisation is fast on a CPU?
3. What does it cost that ONNX Runtime's threads wait by spinning?
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

from agent.core.preprocessing.block_statistics import block_moments
from agent.edge.settings import MODELS
from protocol.input_geometry import ROLES
from protocol.model_folder import SIGNATURES, network_name
from tests.bench.engines import PATCHES, best
from trainer.export.int8 import QUANTISED, Batches
from trainer.export.runtime import runner

BLOCK = 8


def main() -> None:
    for line in (*sums(), *kinds(), *spinning()):
        print(line)


def ratios(actions: dict[str, Callable[[], object]], rounds: int = 7) -> str:
    spent = best(actions, time.process_time, rounds)
    first = next(iter(spent.values()))
    return "  ".join(f"{name} {1e3 * s:.1f} ms ({s / first:.2f})" for name, s in spent.items())


def sums() -> Iterator[str]:
    for side_px in (2048, 4096):
        pixels = np.random.default_rng(0).poisson(500, (side_px, side_px)).astype(np.uint16)
        tiles = (side_px // BLOCK, BLOCK, side_px // BLOCK, BLOCK)
        session = onnxruntime.InferenceSession(block_graph(tiles), one_thread(), providers=["CPUExecutionProvider"])
        actions = {
            "numpy": summed(pixels),
            "ONNX graph": called(lambda x, s=session: s.run(None, {"counts": x}), pixels),
        }
        yield f"block moments of {side_px}²: " + ratios(actions)


def summed(pixels: NDArray[np.uint16]) -> Callable[[], object]:
    return lambda: block_moments(pixels, BLOCK)


def block_graph(tiles: tuple[int, int, int, int]) -> bytes:
    """Counts (h, w) uint16 to the means of blocks and of their squares."""
    nodes = [
        helper.make_node("Cast", ["counts"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["numbers", "tiles"], ["tiled"]),
        helper.make_node("ReduceMean", ["tiled", "axes"], ["mean"], keepdims=0),
        helper.make_node("ReduceSumSquare", ["tiled", "axes"], ["squares"], keepdims=0),
    ]
    constants = [
        numpy_helper.from_array(np.array(tiles, dtype=np.int64), "tiles"),
        numpy_helper.from_array(np.array([1, 3], dtype=np.int64), "axes"),
    ]
    counts = helper.make_tensor_value_info("counts", TensorProto.UINT16, [None, None])
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("mean", "squares")]
    graph = helper.make_graph(nodes, "blocks", [counts], results, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(model.SerializeToString())


def one_thread() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return options


def kinds() -> Iterator[str]:
    patches = np.random.default_rng(0).standard_normal((PATCHES, 1, 128, 128)).astype(np.float32)
    full = MODELS / network_name("classifier")
    runs = {"fp32": runner(full.read_bytes(), 1)}
    with tempfile.TemporaryDirectory() as scratch:
        for name, kind, symmetric in (
            ("unsigned activations", QuantType.QUInt8, False),
            ("signed, symmetric (as TensorRT reads)", QuantType.QInt8, True),
        ):
            path = Path(scratch) / "one.onnx"
            quantize_static(
                full,
                path,
                Batches(onnx.load(full).graph.input[0].name, [patches[:4]]),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(QUANTISED),
                per_channel=True,
                activation_type=kind,
                weight_type=QuantType.QInt8,
                extra_options={"ActivationSymmetric": symmetric},
            )
            runs[name] = runner(path.read_bytes(), 1)
    yield "8 bit, shipped classifier: " + ratios({name: called(run, patches) for name, run in runs.items()})


def called(run: Callable[[NDArray[np.generic]], object], x: NDArray[np.generic]) -> Callable[[], object]:
    return lambda: run(x)


def spinning() -> Iterator[str]:
    patches = np.random.default_rng(0).standard_normal((PATCHES, 1, 128, 128)).astype(np.float32)
    maps = np.random.default_rng(0).standard_normal((1, 2, 344, 344)).astype(np.float32)
    actions: dict[str, Callable[[], object]] = {}
    for name, spin in (("waiting", "0"), ("spinning", "1")):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        options.add_session_config_entry("session.intra_op.allow_spinning", spin)
        sessions = [
            onnxruntime.InferenceSession(MODELS / network_name(role), options, providers=["CPUExecutionProvider"])
            for role in ROLES
        ]
        actions[name] = alternate(sessions, maps, patches)
    yield "2 threads each, networks in turn with 5 ms of numpy between: " + ratios(actions, rounds=15)


def alternate(
    sessions: list[onnxruntime.InferenceSession], maps: NDArray[np.float32], patches: NDArray[np.float32]
) -> Callable[[], object]:
    pixels = np.random.default_rng(0).poisson(500, (2048, 2048)).astype(np.uint16)

    def both() -> None:
        sessions[0].run(None, {SIGNATURES["detector"].input_name: maps})
        block_moments(pixels, BLOCK)
        sessions[1].run(None, {SIGNATURES["classifier"].input_name: patches})
        block_moments(pixels, BLOCK)

    return both


if __name__ == "__main__":
    main()

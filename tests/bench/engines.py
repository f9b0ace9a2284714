"""Speed of every backend that runs here, as ratios measured in one run: `python -m tests.bench.engines`.

Networks: particles/s and maps/s against PyTorch eager on the same hardware, and against the arithmetic limit: the
floating-point operations of the graph over the best rate that a plain product or convolution in single precision (half
on a GPU) reaches here; 8-bit integers can pass it. Weights are random, the architecture is the trainer's. Frames: from
counts to shapes, by stage, with the shipped model.

On a machine that others use too, `--threads 1 --cpu-time` counts processor time instead of the clock's.
"""

from __future__ import annotations

import argparse
import copy
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import structlog
import torch
from numpy.typing import NDArray
from torch import nn

from agent.core.config import AnalysisConfig
from agent.core.networks import Networks
from agent.core.pipeline import analyse
from agent.core.preprocessing.classifier_input import cut_patches
from agent.core.preprocessing.detector_input import detector_input
from agent.core.results import Outline
from agent.core.segmentation import segment
from agent.edge.errors import EdgeError
from agent.edge.inference.backend import ORDER, load_networks, obstacle
from agent.edge.inference.hardware import inspect_hardware
from agent.edge.inference.processor import this_processor
from agent.edge.settings import MODELS
from protocol.frame import Frame
from protocol.input_geometry import Role
from protocol.model_card import Provenance
from protocol.model_folder import network_name
from simulator.microscope.server import frames
from simulator.microscope.session_file import SESSION, load_session
from tests.examples import CLASSES
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.export.acceptance import AcceptanceTest
from trainer.export.half import halve
from trainer.export.int8 import quantise
from trainer.export.onnx import export_classifier, export_detector
from trainer.export.runtime import runner
from trainer.export.weight_packing import unpacked
from trainer.fit.model import network

Clock = Callable[[], float]

PATCHES = 20
MAP_PX = 424
"""The detector's input for a 2k frame at 0.05 nm/px."""
SQUARE, WIDE = 1024, 128
ROUNDS = 7
PROVENANCE = Provenance(run="random weights, for speed only")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cpu-time", action="store_true", help="processor time of this process; for --threads 1")
    parser.add_argument("--precision", nargs="+", default=["fp32", "int8"], help="of the shipped model's frames")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    clock: Clock = time.process_time if options.cpu_time else time.perf_counter
    here = this_processor()
    print(f"{here.name}, {here.instruction_set}")
    print(
        f"{options.threads} threads, {'processor time' if options.cpu_time else 'wall time'}, best of {ROUNDS} rounds"
    )
    print("not here:", "; ".join(f"{b}: {r}" for b in ORDER if (r := obstacle(b, inspect_hardware()))) or "nothing")
    with tempfile.TemporaryDirectory() as scratch:
        for line in network_lines(Path(scratch), options.threads, clock):
            print(line)
    print("\nfrom counts to shapes; aims: 2k with 20 particles in 100 ms on two cores, 4k with 60 in 5 ms on a GPU")
    for precision in options.precision:
        networks = load_networks(MODELS, precision=precision, threads=options.threads)
        print(f"shipped model on {networks.backend}")
        for side_px, fields in ((1024, 1), (2048, 1), (4096, 3)):
            print(frame_line(side_px, fields, networks, clock))


def best(actions: dict[str, Callable[[], object]], clock: Clock, rounds: int = ROUNDS) -> dict[str, float]:
    """Shortest time of each, in seconds; they take turns, so that a busy moment of the machine hits all alike."""
    spent = {name: float("inf") for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            start = clock()
            action()
            spent[name] = min(spent[name], clock() - start)
    return spent


def network_lines(folder: Path, threads: int, clock: Clock) -> Iterator[str]:
    """A table for each network on each kind of hardware."""
    rng = np.random.default_rng(0)
    inputs: dict[Role, NDArray[np.float32]] = {
        "classifier": rng.standard_normal((PATCHES, 1, 128, 128)).astype(np.float32),
        "detector": rng.standard_normal((1, 2, MAP_PX, MAP_PX)).astype(np.float32),
    }
    eager = {role: network(role, len(CLASSES), LEGACY_GEOMETRY.of(role)).eval() for role in inputs}
    write(folder, eager, inputs)
    engines = dict(opened(folder, threads))
    for hardware in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        here = {name: e for name, e in engines.items() if name.startswith("onnxruntime-cpu") == (hardware == "cpu")}
        peak_per_s = best_rate(hardware, threads, clock)
        yield f"\n{hardware}: at best {peak_per_s / 1e9:.0f} Gflop/s"
        for role, x in inputs.items():
            each = flops(folder / network_name(role), x.shape)
            limit_s = len(x) * each / peak_per_s
            actions = {
                "PyTorch eager": torch_run(eager[role], x, hardware),
                "PyTorch channels last": torch_run(eager[role], x, hardware, last=True),
                **{name: network_run(networks, role, x) for name, networks in here.items()},
            }
            spent = best(actions, clock)
            what = "patches" if role == "classifier" else "maps"
            yield f"{role}: {len(x)} {what} a call, {each / 1e9:.3f} Gflop each, limit {1e3 * limit_s:.1f} ms a call"
            yield f"  {'':32s}{'ms':>9s}{what + '/s':>12s}{'x eager':>9s}{'of limit':>10s}"
            for name, s in spent.items():
                ratio = spent["PyTorch eager"] / s
                yield f"  {name:32s}{1e3 * s:9.1f}{len(x) / s:12.0f}{ratio:9.2f}{limit_s / s:10.0%}"


def write(folder: Path, eager: dict[Role, nn.Module], inputs: dict[Role, NDArray[np.float32]]) -> None:
    """Every file of a model folder, from random weights."""
    common = {"name": "speed", "provenance": PROVENANCE}
    export_classifier(
        eager["classifier"], CLASSES, LEGACY_GEOMETRY.classifier, folder, golden=inputs["classifier"][:2], **common
    )
    export_detector(
        eager["detector"], LEGACY_GEOMETRY.detector, folder, golden=inputs["detector"][..., :64, :64], **common
    )
    for role, x in inputs.items():
        blind = AcceptanceTest(inputs=[x[:1]], measures=lambda run, card: {"accuracy": 1.0}, samples=1)
        halve(folder, role, blind)
        quantise(folder, role, [x[:4]], blind)


def opened(folder: Path, threads: int) -> Iterator[tuple[str, Networks]]:
    """Every backend that runs here, with every precision that it is meant for."""
    for backend in ORDER:
        if obstacle(backend, inspect_hardware()):
            continue
        for precision in ("fp32", "int8") if backend == "onnxruntime-cpu" else ("fp32", "fp16"):
            try:
                networks = load_networks(folder, prefer=backend, precision=precision, threads=threads)
            except EdgeError as error:
                print(f"{backend} {precision} does not run: {error}")
                continue
            yield f"{backend} {precision}", networks


def best_rate(hardware: str, threads: int, clock: Clock) -> float:
    """Operations a second that a matrix product or a large convolution reaches, whichever is faster."""
    kind = torch.float16 if hardware == "cuda" else torch.float32
    a, b = (torch.randn(SQUARE, SQUARE, device=hardware, dtype=kind) for _ in range(2))
    actions: dict[str, Callable[[], object]] = {"product": lambda: (a @ b, wait(hardware))}
    operations = {"product": 2.0 * SQUARE**3, "convolution": 2.0 * 9 * WIDE**2 * WIDE**2}
    layer = nn.Conv2d(WIDE, WIDE, 3, padding=1, bias=False).to(hardware, kind)
    image = torch.randn(1, WIDE, WIDE, WIDE, device=hardware, dtype=kind)
    with torch.inference_mode():
        actions["convolution"] = lambda: (layer(image), wait(hardware))
        if hardware == "cpu":
            weight = layer.weight.detach().numpy()
            run = runner(one_convolution(weight), threads)
            actions["convolution in ONNX Runtime"] = lambda: run(image.numpy())
            operations["convolution in ONNX Runtime"] = operations["convolution"]
        spent = best(actions, clock)
    return max(operations[name] / s for name, s in spent.items())


def one_convolution(weight: NDArray[np.float32]) -> bytes:
    shape = [1, WIDE, WIDE, WIDE]
    image, result = (onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, shape) for n in ("x", "y"))
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], pads=[1] * 4)
    graph = onnx.helper.make_graph([node], "one", [image], [result], [onnx.numpy_helper.from_array(weight, "w")])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    return model.SerializeToString()


def wait(hardware: str) -> None:
    if hardware == "cuda":
        torch.cuda.synchronize()


def torch_run(module: nn.Module, x: NDArray[np.float32], hardware: str, *, last: bool = False) -> Callable[[], object]:
    kind = torch.channels_last if last else torch.contiguous_format
    own = copy.deepcopy(module).to(hardware).to(memory_format=kind)  # type: ignore[call-overload]

    def run() -> None:
        with torch.inference_mode():
            own(torch.from_numpy(x).to(hardware, memory_format=kind)).cpu()

    return run


def network_run(networks: Networks, role: str, x: NDArray[np.float32]) -> Callable[[], object]:
    return (lambda: networks.classify(x)) if role == "classifier" else (lambda: networks.detect(x[0]))


def flops(path: Path, shape: tuple[int, ...]) -> float:
    """Two for every multiplication in convolutions and matrix products, for one input of the batch."""
    model = unpacked(onnx.load(path))
    for dimension, length in zip(model.graph.input[0].type.tensor_type.shape.dim, (1, *shape[1:]), strict=True):
        dimension.dim_value = length
    del model.graph.value_info[:]
    for dimension in model.graph.output[0].type.tensor_type.shape.dim:
        dimension.Clear()
    graph = onnx.shape_inference.infer_shapes(model).graph
    sides = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in (*graph.value_info, *graph.output)}
    weights = {w.name: list(w.dims) for w in graph.initializer}
    total = 0.0
    for node in graph.node:
        if node.op_type == "Conv":  # every output element is a sum over the kernel and the channels of its group
            total += 2 * np.prod(sides[node.output[0]]) * np.prod(weights[node.input[1]][1:])
        elif node.op_type in ("Gemm", "MatMul") and node.input[1] in weights:
            total += 2 * np.prod(weights[node.input[1]])
    return float(total)


def frame_line(side_px: int, fields: int, networks: Networks, clock: Clock) -> str:
    """Stages of one frame with so many fields of the demo's session in it, on bare noise."""
    frame = scene(side_px, fields)
    size_nm, detector, classifier = frame.pixel_size_nm or 0.0, networks.detector_card, networks.classifier_card
    maps_in, scale = detector_input(frame.pixels, size_nm, detector.geometry.pixel_size_nm, detector.geometry.patch_px)
    maps = networks.detect(maps_in)

    def found() -> tuple[Outline, ...]:
        return segment(maps, scale, size_nm, frame.shape_px, AnalysisConfig().segmentation(detector.threshold))

    centres = np.array([[o.y_px, o.x_px] for o in found()], dtype=np.float32)

    def cut() -> NDArray[np.float32]:
        return cut_patches(
            frame.pixels, centres, size_nm, classifier.geometry.patch_px, classifier.geometry.pixel_size_nm
        )

    patches = cut()
    spent = best(
        {
            "all": lambda: analyse(frame, networks, AnalysisConfig()),
            "standardise": lambda: detector_input(
                frame.pixels, size_nm, detector.geometry.pixel_size_nm, detector.geometry.patch_px
            ),
            "detect": lambda: networks.detect(maps_in),
            "find": found,
            "cut": cut,
            "classify": lambda: networks.classify(patches),
        },
        clock,
    )
    stages = "  ".join(f"{name} {1e3 * s:.1f}" for name, s in spent.items() if name != "all")
    whole = f"{1e3 * spent['all']:6.1f} ms, {1 / spent['all']:5.1f} frames/s"
    return f"{side_px:6d} px, {len(centres):3d} particles: {whole}; {stages}"


def scene(side_px: int, fields: int) -> Frame:
    """Fields side by side in the upper left, shot noise of the same mean elsewhere."""
    stream = frames(load_session(SESSION), 800.0, 1)
    shown = [next(stream) for _ in range(fields)]
    pixels = np.random.default_rng(0).poisson(np.median(shown[0].pixels), (side_px, side_px)).astype(np.uint16)
    for n, one in enumerate(shown):
        height, width = one.shape_px
        pixels[:height, n * width : (n + 1) * width] = one.pixels
    return Frame(
        pixels=pixels,
        source="bench",
        sequence=0,
        camera_time_s=0.0,
        pixel_size_nm=shown[0].pixel_size_nm,
        pixel_size_provenance="metadata",
    )


if __name__ == "__main__":
    main()

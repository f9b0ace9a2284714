"""The same network in PyTorch, in ONNX Runtime, in half precision and in 8-bit integers gives the same answers."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agent.core.config import AnalysisConfig
from agent.core.pipeline import analyse
from agent.core.preprocessing.classifier_input import cut_patches
from agent.core.preprocessing.detector_input import detector_input
from agent.edge.inference.backend import load_networks
from agent.edge.inference.cuda_probe import probe
from agent.edge.inference.hardware import inspect_hardware
from agent.edge.inference.tensorrt.build import build_plan
from agent.edge.inference.tensorrt.plans import classifier_profile
from agent.edge.settings import MODELS
from protocol.frame import Frame
from protocol.model_card import ModelCard, Provenance
from protocol.model_card_json import card_to_json
from simulator.microscope.server import frames
from simulator.microscope.session_file import SESSION, load_session
from tests.examples import CLASSES
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.export.acceptance import AcceptanceTest, patch_acceptance
from trainer.export.golden import with_golden
from trainer.export.half import halve
from trainer.export.int8 import quantise
from trainer.export.onnx import LARGEST_ROUNDING, export_classifier, export_detector
from trainer.export.runtime import runner
from trainer.fit.model import network

PROVENANCE = Provenance(run="a test")
HALF, EIGHT_BIT = 0.005, 0.05
"""Largest relative distance (L2) of the outputs of half precision and of 8-bit integers from those of single."""
needs_gpu = pytest.mark.skipif(not probe().gpus, reason=f"no GPU here: {probe().reason}")


def fresh(role: str) -> nn.Module:
    """A network of random weights whose normalisations have seen data, so that activations have their usual size."""
    torch.manual_seed(3)
    made = network(role, len(CLASSES), LEGACY_GEOMETRY.of(role))
    made.train()
    with torch.no_grad():
        for _ in range(3):
            made(torch.randn(8, *((2, 64, 64) if role == "detector" else (1, 128, 128))))
    return made.eval()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, nn.Module]]:
    """A folder with both networks as exported, and the networks."""
    folder = tmp_path_factory.mktemp("models")
    networks = {role: fresh(role) for role in ("detector", "classifier")}
    export_classifier(
        networks["classifier"],
        CLASSES,
        LEGACY_GEOMETRY.classifier,
        folder,
        golden=patches(3),
        name="random",
        provenance=PROVENANCE,
    )
    export_detector(
        networks["detector"],
        LEGACY_GEOMETRY.detector,
        folder,
        golden=np.random.default_rng(6).standard_normal((2, 2, 64, 64)),
        name="random",
        provenance=PROVENANCE,
    )
    return folder, networks


def patches(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(4).standard_normal((count, 1, 128, 128)).astype(np.float32)


def apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def test_onnx_runtime_gives_what_pytorch_gives(exported: tuple[Path, dict[str, nn.Module]]) -> None:
    folder, networks = exported
    engine = load_networks(folder, prefer="onnxruntime-cpu", precision="fp32", threads=1)
    x = patches(9)
    maps = np.random.default_rng(5).standard_normal((2, 48, 104)).astype(np.float32)
    with torch.inference_mode():
        logits = networks["classifier"](torch.from_numpy(x)).numpy()
        probabilities = torch.sigmoid(networks["detector"](torch.from_numpy(maps[None])))[0].numpy()
    assert np.abs(engine.classify(x) - logits).max() < LARGEST_ROUNDING
    assert np.abs(engine.detect(maps) - probabilities).max() < LARGEST_ROUNDING


def test_half_precision_and_8_bit_give_the_same_within_their_tolerance(
    exported: tuple[Path, dict[str, nn.Module]], tmp_path: Path
) -> None:
    folder, networks = exported
    for path in folder.glob("*.*"):
        shutil.copy(path, tmp_path / path.name)
    x = patches(24)
    with torch.inference_mode():
        logits = networks["classifier"](torch.from_numpy(x)).numpy()
    lenient = AcceptanceTest(inputs=[x], measures=lambda run, card: {"accuracy": 1.0}, samples=24)
    halve(tmp_path, "classifier", lenient)
    quantise(tmp_path, "classifier", [x[:8]], lenient)
    assert apart(runner((tmp_path / "classifier.fp16.onnx").read_bytes(), 1)(x), logits) < HALF
    assert apart(runner((tmp_path / "classifier.int8.onnx").read_bytes(), 1)(x), logits) < EIGHT_BIT
    kinds = {node.op_type for node in onnx.load(tmp_path / "classifier.int8.onnx").graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    engine = load_networks(tmp_path, prefer="onnxruntime-cpu", threads=1, ratio=lambda *_: 0.5)
    assert engine.backend.startswith("onnxruntime-cpu detector fp32, classifier int8 on ")
    assert engine.classifier_card.precision == "int8"


@pytest.fixture(scope="module")
def scene() -> tuple[Frame, NDArray[np.float32], NDArray[np.float32]]:
    """A frame of the demo's session, the detector's input, and patches about its particles."""
    frame = next(frames(load_session(SESSION), 2000.0, 1))
    engine = load_networks(MODELS, prefer="onnxruntime-cpu", precision="fp32", threads=1)
    size_nm = frame.pixel_size_nm
    assert size_nm is not None
    found = analyse(frame, engine, AnalysisConfig()).particles
    centres = np.array([[p.y_px, p.x_px] for p in found])
    card = engine.classifier_card
    maps, _ = detector_input(
        frame.pixels, size_nm, engine.detector_card.geometry.pixel_size_nm, engine.detector_card.geometry.patch_px
    )
    return frame, maps, cut_patches(frame.pixels, centres, size_nm, card.geometry.patch_px, card.geometry.pixel_size_nm)


def test_the_shipped_networks_give_the_same_shapes_and_particles_in_8_bit(
    scene: tuple[Frame, NDArray[np.float32], NDArray[np.float32]], tmp_path: Path
) -> None:
    frame, maps, cut = scene
    for role in ("detector", "classifier"):
        for path in MODELS.glob(f"{role}.[ojg]*"):
            shutil.copy(path, tmp_path / path.name)
    full = runner((tmp_path / "classifier.onnx").read_bytes(), 1)
    answers = full(cut)
    quantise(tmp_path, "classifier", [cut], _lenient(cut))
    quantise(tmp_path, "detector", [maps[None]], _lenient(maps[None]))
    light = load_networks(tmp_path, prefer="onnxruntime-cpu", precision="int8", threads=1)
    assert light.backend.startswith("onnxruntime-cpu int8 on ")
    assert light.warnings == ()
    got = light.classify(cut)
    sure = np.sort(answers, 1)[:, -1] - np.sort(answers, 1)[:, -2] > 0.5
    assert sure.sum() >= 5
    assert np.array_equal(got.argmax(1)[sure], answers.argmax(1)[sure])
    single = load_networks(MODELS, prefer="onnxruntime-cpu", precision="fp32", threads=1)
    before, after = (analyse(frame, e, AnalysisConfig()).particles for e in (single, light))
    assert len(before) == len(after)
    left = list(after)  # the order of the particles is not promised
    for one in before:
        other = min(left, key=lambda p: np.hypot(one.y_px - p.y_px, one.x_px - p.x_px))
        left.remove(other)
        assert np.hypot(one.y_px - other.y_px, one.x_px - other.x_px) * 0.04 < 0.12  # nm: half a pixel of the map
        assert abs(one.diameter_nm - other.diameter_nm) < 0.12


def _lenient(x: NDArray[np.float32]) -> AcceptanceTest:
    return AcceptanceTest(inputs=[x], measures=lambda run, card: {"accuracy": 1.0}, samples=len(x))


def test_what_costs_accuracy_is_refused_and_not_written(
    scene: tuple[Frame, NDArray[np.float32], NDArray[np.float32]], tmp_path: Path
) -> None:
    _, _, cut = scene
    for path in MODELS.glob("classifier.[jog]*"):
        shutil.copy(path, tmp_path / path.name)
    strict = patch_acceptance(cut, runner((tmp_path / "classifier.onnx").read_bytes(), 1)(cut).argmax(1))
    blind = [1e-3 * cut]  # ranges of hardly any signal: real activations are cut off
    with pytest.raises(ValueError, match=r"classifier\.onnx in int8 loses [0-9.]+ points \(1\.0000 to"):
        quantise(tmp_path, "classifier", blind, strict)
    assert not list(tmp_path.glob("*.int8.*"))
    with pytest.raises(ValueError, match="at least one batch"):
        quantise(tmp_path, "classifier", [], strict)


def wide_range(path: Path, *, logarithm: bool) -> None:
    """A classifier whose inner values reach ten million before they are brought down again."""
    helper = onnx.helper
    constants = {
        "up": np.float32(1e7),
        "one": np.float32(1),
        "down": np.float32(1e-7),
        "weight": np.eye(16, 5, dtype=np.float32),
    }
    last = [("Abs", ["x2"], "x3"), ("Add", ["x3", "one"], "x4"), ("Log", ["x4"], "x5")]
    steps = [
        ("Flatten", ["patches"], "x1"),
        ("Mul", ["x1", "up"], "x2"),
        *(last if logarithm else [("Mul", ["x2", "down"], "x5")]),
        ("MatMul", ["x5", "weight"], "logits"),
    ]
    shapes = {"patches": ["n", 1, 4, 4], "logits": ["n", 5]}
    ends = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, shape) for n, shape in shapes.items()]
    graph = helper.make_graph(
        [helper.make_node(kind, taken, [given], name=given) for kind, taken, given in steps],
        "wide",
        ends[:1],
        ends[1:],
        [onnx.numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
    path.write_bytes(content)
    card = ModelCard(
        name="wide",
        role="classifier",
        classes=CLASSES,
        geometry=replace(LEGACY_GEOMETRY.classifier, patch_px=4),
        channels=1,
        model_sha256=hashlib.sha256(content).hexdigest(),
        provenance=PROVENANCE,
    )
    card = with_golden(path.parent, runner(content), np.ones((1, 1, 4, 4)), card)
    path.with_suffix(".json").write_text(card_to_json(card), encoding="utf-8")


def test_what_half_precision_cannot_hold_is_refused_or_kept_in_single(tmp_path: Path) -> None:
    path = tmp_path / "classifier.onnx"
    x = np.ones((2, 1, 4, 4), dtype=np.float32)
    wide_range(path, logarithm=False)
    with pytest.raises(ValueError, match=r"classifier\.onnx in fp16 overflows: x2 reaches 1e\+07"):
        halve(tmp_path, "classifier", _lenient(x))
    assert not list(tmp_path.glob("*.fp16.*"))
    wide_range(path, logarithm=True)
    halve(tmp_path, "classifier", _lenient(x))
    got = runner((tmp_path / "classifier.fp16.onnx").read_bytes(), 1)(x)
    assert np.allclose(got, np.log(1e7 + 1), rtol=1e-3)


class Forgetful(nn.Module):
    """Behaves otherwise the second time, as no exported graph can."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(64 * 64, 5)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.head(x.flatten(1)) + (self.calls > 1)


def test_a_network_that_does_not_agree_with_its_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"classifier\.onnx: PyTorch and ONNX Runtime differ by 1, more than 0\.001"):
        export_classifier(
            Forgetful(),
            CLASSES,
            replace(LEGACY_GEOMETRY.classifier, patch_px=64),
            tmp_path,
            golden=np.zeros((1, 1, 64, 64)),
            name="x",
            provenance=PROVENANCE,
        )
    assert not list(tmp_path.iterdir())


def test_tensorrt_rtx_builds_the_half_precision_network(
    exported: tuple[Path, dict[str, nn.Module]], tmp_path: Path
) -> None:
    trt = pytest.importorskip("tensorrt_rtx", reason="the extra tensorrt-rtx is not installed")
    folder, _ = exported
    for path in folder.glob("classifier.*"):
        shutil.copy(path, tmp_path / path.name)
    card: ModelCard = halve(tmp_path, "classifier", _lenient(patches(2)))
    half, full = (tmp_path / "classifier.fp16.onnx").read_bytes(), (tmp_path / "classifier.onnx").read_bytes()
    sizes = [len(build_plan(trt, n, classifier_profile(card), capability=(8, 9)).plan) for n in (half, full)]
    assert sizes[0] < 0.7 * sizes[1]  # half the weights, and the code


@needs_gpu
@pytest.mark.parametrize("backend", ["onnxruntime-cuda", "tensorrt", "tensorrt-rtx"])
def test_a_gpu_gives_the_same_shapes_as_the_cpu(
    backend: str, scene: tuple[Frame, NDArray[np.float32], NDArray[np.float32]]
) -> None:
    hardware = inspect_hardware()
    _, maps, cut = scene
    try:
        there = load_networks(MODELS, prefer=backend, precision="fp32", hardware=hardware)
    except RuntimeError as error:
        pytest.skip(f"{backend} does not run here: {error}")
    here = load_networks(MODELS, prefer="onnxruntime-cpu", precision="fp32")
    assert apart(there.classify(cut), here.classify(cut)) < HALF
    assert np.array_equal(there.classify(cut).argmax(1), here.classify(cut).argmax(1))
    assert np.abs(there.detect(maps) - here.detect(maps)).max() < 0.02

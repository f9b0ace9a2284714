"""Which backend computes, and which file: the best that really runs, said aloud; never another than was asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog

from agent.edge.errors import EdgeError
from agent.edge.inference.backend import ORDER, load_networks
from agent.edge.inference.cuda_probe import Driver, Gpu, probe
from agent.edge.inference.hardware import Hardware
from agent.edge.inference.model_folder import ModelFile
from agent.edge.inference.processor import Processor, this_processor
from agent.edge.inference.self_check import read_golden
from agent.edge.settings import MODELS
from protocol.model_card_json import card_from_json, card_to_json

A_GPU = Driver(gpus=(Gpu(name="NVIDIA Test", capability=(8, 9)),), version="580.95.05")
EVERYTHING = frozenset({"onnxruntime", "tensorrt", "tensorrt_rtx", "cuda.bindings"})
PROVIDERS = frozenset({"TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"})
A_PROCESSOR = Processor(name="A processor", instruction_set="AVX2")
FULL = Hardware(driver=A_GPU, modules=EVERYTHING, providers=PROVIDERS, processor=A_PROCESSOR)
NO_DRIVER = replace(FULL, driver=Driver(reason="no NVIDIA driver"))


class Openers(dict[str, Any]):
    """Every backend opens and gives the golden outputs, but those that are named with what they say, and files that are
    named with how far they are off; remembers what was opened."""

    def __init__(self, *, off: Mapping[str, float] | None = None, **refusals: str) -> None:
        super().__init__({name: self._opener(name, refusals.get(name.replace("-", "_"), "")) for name in ORDER})
        self.opened: list[tuple[str, str]] = []
        self._off = off or {}

    def _opener(self, name: str, refusal: str) -> Any:
        def open_it(file: ModelFile, driver: Driver, *, threads: int) -> Any:
            if refusal:
                raise EdgeError(refusal)
            self.opened.append((name, file.path.name))
            golden = read_golden(file)
            assert golden is not None
            off = np.float32(self._off.get(f"{name} {file.path.name}", 0.0))
            answers = {x.tobytes(): y + off for x, y in zip(golden.inputs, golden.outputs, strict=True)}
            return lambda inputs: np.stack([answers[x.tobytes()] for x in inputs])

        return open_it


@pytest.mark.parametrize(
    ("hardware", "backend"),
    [
        (FULL, "tensorrt fp32 on NVIDIA Test"),
        (replace(FULL, modules=EVERYTHING - {"tensorrt"}), "tensorrt-rtx fp32 on NVIDIA Test (tensorrt not installed)"),
        (
            replace(FULL, modules=frozenset({"onnxruntime"})),
            "onnxruntime-cuda fp32 on NVIDIA Test (tensorrt, cuda.bindings not installed; "
            "tensorrt_rtx, cuda.bindings not installed)",
        ),
        (
            replace(FULL, modules=frozenset({"onnxruntime"}), providers=frozenset({"CPUExecutionProvider"})),
            "onnxruntime-cpu fp32 on AVX2 (tensorrt, cuda.bindings not installed; "
            "tensorrt_rtx, cuda.bindings not installed; this onnxruntime has no CUDAExecutionProvider)",
        ),
        (NO_DRIVER, "onnxruntime-cpu fp32 on AVX2 (no NVIDIA driver)"),
    ],
)
def test_auto_takes_the_best_that_can_run_and_says_why_nothing_better(hardware: Hardware, backend: str) -> None:
    assert load_networks(MODELS, precision="fp32", hardware=hardware, openers=Openers()).backend == backend


def test_what_is_installed_but_does_not_open_is_passed_over_aloud() -> None:
    openers = Openers(tensorrt="libnvinfer is missing", tensorrt_rtx="GPU 9.0 is not known")
    engine = load_networks(MODELS, precision="fp32", hardware=FULL, openers=openers)
    assert engine.backend == "onnxruntime-cuda fp32 on NVIDIA Test (libnvinfer is missing; GPU 9.0 is not known)"
    assert engine.warnings == ()


@pytest.mark.parametrize("prefer", ["tensorrt", "tensorrt-rtx", "onnxruntime-cuda"])
def test_a_backend_that_was_asked_for_runs_or_is_an_error(prefer: str) -> None:
    with pytest.raises(EdgeError, match=f"backend {prefer} cannot run here: no NVIDIA driver$"):
        load_networks(MODELS, prefer=prefer, hardware=NO_DRIVER, openers=Openers())
    with pytest.raises(EdgeError, match="it broke"):
        load_networks(MODELS, prefer=prefer, hardware=FULL, openers=Openers(**{prefer.replace("-", "_"): "it broke"}))
    assert load_networks(MODELS, prefer=prefer, hardware=FULL, openers=Openers()).backend.startswith(prefer + " ")


def test_what_is_not_installed_is_named_with_the_extra_that_brings_it() -> None:
    bare = replace(FULL, modules=frozenset())
    for prefer, extra in (("tensorrt-rtx", "tensorrt-rtx"), ("onnxruntime-cuda", "cuda"), ("onnxruntime-cpu", "cpu")):
        with pytest.raises(EdgeError, match=rf"not installed; pip install 'beamside\[{extra}\]'"):
            load_networks(MODELS, prefer=prefer, hardware=bare, openers=Openers())
    with pytest.raises(EdgeError, match=r"pip install 'beamside\[cpu\]'"):
        load_networks(MODELS, hardware=bare, openers=Openers())


def test_this_machine_without_a_gpu_refuses_each_gpu_backend() -> None:
    if probe().gpus:
        pytest.skip("there is a GPU here")
    for prefer in ORDER[:-1]:
        with pytest.raises(EdgeError, match=f"backend {prefer} cannot run here: no NVIDIA driver"):
            load_networks(MODELS, prefer=prefer)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The shipped networks in single precision; the classifier also as a lighter one whose card allows it."""
    for role in ("detector", "classifier"):
        for path in MODELS.glob(f"{role}.[ojg]*"):
            shutil.copy(path, tmp_path / path.name)
    for precision in ("int8", "fp16"):
        lighter(tmp_path, precision)
    return tmp_path


def lighter(folder: Path, precision: Any, **changes: Any) -> None:
    card = card_from_json((folder / "classifier.json").read_text(encoding="utf-8"))
    card = replace(
        card,
        measures={**card.measures, "accuracy_loss_points": changes.get("loss_points", 0.5)},
        made_of_sha256=changes.get("made_of", card.model_sha256),
        precision=precision,
        golden_sha256=changes.get("golden", card.golden_sha256),
    )
    for kind in ("onnx", "golden.npz"):
        shutil.copy(folder / f"classifier.{kind}", folder / f"classifier.{precision}.{kind}")
    (folder / f"classifier.{precision}.json").write_text(card_to_json(card), encoding="utf-8")


def faster(*_: object) -> float:
    """8 bits take half the time."""
    return 0.5


def slower(*_: object) -> float:
    """8 bits take longer, as for the detector on a processor with AVX2 alone."""
    return 60 / 56


@pytest.mark.parametrize(
    ("hardware", "precision", "taken"),
    [
        (NO_DRIVER, "auto", ["classifier.int8.onnx", "classifier.onnx"]),  # both are opened, to be timed
        (NO_DRIVER, "fp32", ["classifier.onnx"]),
        (FULL, "auto", ["classifier.fp16.onnx"]),
        (FULL, "fp32", ["classifier.onnx"]),
    ],
)
def test_auto_takes_the_lighter_file_that_suits_the_backend(
    models: Path, hardware: Hardware, precision: str, taken: list[str]
) -> None:
    openers = Openers()
    engine = load_networks(models, precision=precision, hardware=hardware, openers=openers, ratio=faster)
    assert [name for _, name in openers.opened] == ["detector.onnx", *taken]
    of = {"classifier.int8.onnx": "int8", "classifier.fp16.onnx": "fp16", "classifier.onnx": "fp32"}[taken[0]]
    assert ("fp32 on" if of == "fp32" else f"detector fp32, classifier {of} on") in engine.backend


def test_auto_takes_8_bits_only_where_they_are_faster_here(models: Path) -> None:
    def named(ratio: Any) -> str:
        return load_networks(models, hardware=NO_DRIVER, openers=Openers(), ratio=ratio).backend

    assert named(faster) == "onnxruntime-cpu detector fp32, classifier int8 on AVX2 (no NVIDIA driver)"
    assert named(slower) == "onnxruntime-cpu fp32 on AVX2 (no NVIDIA driver)"
    asked = load_networks(models, precision="fp32", hardware=NO_DRIVER, openers=Openers(), ratio=pytest.fail)
    assert asked.backend == "onnxruntime-cpu fp32 on AVX2 (no NVIDIA driver)"


@pytest.mark.parametrize(
    "changes", [{"loss_points": 0.51}, {"loss_points": float("nan")}, {"made_of": "0" * 64}, {"golden": ""}]
)
def test_a_lighter_file_that_costs_accuracy_or_is_of_another_network_or_cannot_be_checked_is_not_taken(
    models: Path, changes: dict[str, Any]
) -> None:
    text = (models / "classifier.int8.json").read_text(encoding="utf-8")
    if changes.get("loss_points") != changes.get("loss_points"):  # a card without the measure
        card = json.loads(text)
        del card["measures"]["accuracy_loss_points"]
        (models / "classifier.int8.json").write_text(json.dumps(card), encoding="utf-8")
    else:
        lighter(models, "int8", **changes)
    openers = Openers()
    engine = load_networks(models, hardware=NO_DRIVER, openers=openers, ratio=faster)
    assert openers.opened[1] == ("onnxruntime-cpu", "classifier.onnx")
    assert engine.backend.startswith("onnxruntime-cpu fp32 ")


def test_a_lighter_network_that_computes_wrongly_here_is_refused_and_the_full_one_taken_aloud(models: Path) -> None:
    openers = Openers(off={"onnxruntime-cpu classifier.int8.onnx": 1.7})
    engine = load_networks(models, hardware=NO_DRIVER, openers=openers, ratio=faster)
    assert engine.backend == "onnxruntime-cpu fp32 on AVX2 (no NVIDIA driver)"
    (warning,) = engine.warnings
    assert warning.startswith("classifier.int8.onnx computes wrongly here: off by 1.7, its card allows 0.")
    for kind in ("onnx", "golden.npz"):
        shutil.copy(models / f"detector.{kind}", models / f"detector.int8.{kind}")
    card = card_from_json((models / "detector.json").read_text(encoding="utf-8"))
    (models / "detector.int8.json").write_text(card_to_json(replace(card, precision="int8")), encoding="utf-8")
    with pytest.raises(EdgeError, match=r"classifier\.int8\.onnx computes wrongly here"):
        load_networks(models, precision="int8", hardware=NO_DRIVER, openers=openers)


def test_a_gpu_that_computes_wrongly_is_refused_and_the_next_backend_taken_aloud(models: Path) -> None:
    off = {"tensorrt detector.onnx": 0.3, "tensorrt-rtx detector.onnx": float("nan")}
    engine = load_networks(models, hardware=FULL, openers=Openers(off=off))
    assert engine.backend.startswith("onnxruntime-cuda detector fp32, classifier fp16 on NVIDIA Test (detector.onnx")
    assert [text.split(":")[0] for text in engine.warnings] == ["tensorrt", "tensorrt-rtx"]
    off = {"tensorrt classifier.fp16.onnx": 0.9}
    engine = load_networks(models, hardware=FULL, openers=Openers(off=off))
    assert engine.backend == "tensorrt fp32 on NVIDIA Test"
    assert engine.warnings[0].startswith("classifier.fp16.onnx computes wrongly here: off by 0.9")


def test_a_full_network_that_computes_wrongly_is_told_although_the_8_bit_one_serves(models: Path) -> None:
    openers = Openers(off={"onnxruntime-cpu classifier.onnx": 5.0})
    networks = load_networks(models, hardware=NO_DRIVER, openers=openers, ratio=faster)
    assert "classifier int8" in networks.backend
    (warning,) = networks.warnings
    assert warning.startswith("classifier.onnx computes wrongly here: off by 5")


@pytest.mark.parametrize(
    "change",
    [{"classes": ("cube", "octahedron", "truncated_octahedron", "icosahedron", "decahedron")}, {"threshold": 0.1}],
)
def test_a_compressed_network_whose_card_says_something_else_than_the_full_ones_is_not_taken(
    models: Path, change: dict[str, Any]
) -> None:
    """Two classes swapped on one of the cards would swap their names on the screen."""
    path = models / "classifier.int8.json"
    path.write_text(card_to_json(replace(card_from_json(path.read_text(encoding="utf-8")), **change)), encoding="utf-8")
    networks = load_networks(models, hardware=NO_DRIVER, openers=Openers(), ratio=faster)
    assert networks.backend.startswith("onnxruntime-cpu fp32 ")


def test_when_nothing_computes_rightly_there_is_no_engine(models: Path) -> None:
    off = {f"onnxruntime-cpu classifier.{kind}": 2.0 for kind in ("onnx", "int8.onnx")}
    with pytest.raises(EdgeError, match=r"classifier\.onnx computes wrongly here: off by 2"):
        load_networks(models, hardware=NO_DRIVER, openers=Openers(off=off))


def test_a_network_without_golden_outputs_is_used_and_said_to_be_unchecked(models: Path) -> None:
    path = models / "classifier.json"
    card = replace(card_from_json(path.read_text(encoding="utf-8")), golden_sha256="", golden_tolerance=0.0)
    path.write_text(card_to_json(card), encoding="utf-8")
    engine = load_networks(models, prefer="onnxruntime-cpu", precision="fp32", threads=1)
    assert engine.warnings == ("classifier.onnx is not checked: its card has no golden outputs",)


def test_a_golden_file_that_is_not_the_cards_own_ends_the_load(models: Path) -> None:
    (models / "classifier.int8.golden.npz").write_bytes(b"something else")
    with pytest.raises(EdgeError, match=r"classifier\.int8\.golden\.npz: the card names"):
        load_networks(models, hardware=NO_DRIVER, openers=Openers(), ratio=faster)


def test_a_precision_that_was_asked_for_is_there_or_is_an_error(models: Path) -> None:
    with pytest.raises(EdgeError, match=r"detector\.int8\.json: No such file"):
        load_networks(models, precision="int8", hardware=NO_DRIVER, openers=Openers())
    with pytest.raises(EdgeError, match="precision must be one of auto, fp32, fp16, int8, got 'int4'"):
        load_networks(models, precision="int4", hardware=NO_DRIVER, openers=Openers())
    (models / "classifier.int8.onnx").write_bytes(b"something else")
    with pytest.raises(EdgeError, match=r"classifier\.int8\.json: the card is for"):
        load_networks(models, hardware=NO_DRIVER, openers=Openers())


def test_the_engine_of_this_machine_computes() -> None:
    engine = load_networks(MODELS, threads=1)
    logits = engine.classify(np.zeros((2, 1, 128, 128), dtype=np.float32))
    assert logits.shape == (2, len(engine.classifier_card.classes))
    assert np.array_equal(logits[0], logits[1])
    assert engine.warnings == ()
    assert f" on {this_processor().instruction_set}" in engine.backend or probe().gpus


def test_one_line_of_the_log_says_what_computes_how_far_off_it_is_and_why_nothing_else_does(models: Path) -> None:
    openers = Openers(off={"onnxruntime-cpu classifier.int8.onnx": 0.0012345})
    with structlog.testing.capture_logs() as lines:
        load_networks(models, hardware=NO_DRIVER, openers=openers, ratio=slower)
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("backend", "info")
    assert line["self_check"] == {"detector.onnx": 0.0, "classifier.int8.onnx": 0.0012, "classifier.onnx": 0.0}
    assert line["time_of_full"] == {"classifier": 1.07}
    assert line["compressed_files_not_used"] == [
        "classifier.int8.onnx: takes 1.07 of the time of fp32 on this processor"
    ]
    assert set(line["not_used"]) == set(ORDER[:-1])


def test_the_line_is_a_warning_where_a_network_was_refused(models: Path) -> None:
    with structlog.testing.capture_logs() as lines:
        load_networks(models, hardware=NO_DRIVER, openers=Openers(off={"onnxruntime-cpu classifier.int8.onnx": 1.7}))
    (line,) = lines
    assert line["log_level"] == "warning"
    assert line["warnings"][0].startswith("classifier.int8.onnx computes wrongly here")
    assert "classifier.int8.onnx" not in line["self_check"]

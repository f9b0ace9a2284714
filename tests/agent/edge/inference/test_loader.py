"""The files of one role on one backend: each has to show that it computes rightly, and is not compared for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.inference.cuda_probe import Driver
from agent.edge.inference.faster import WORTH
from agent.edge.inference.hardware import Hardware
from agent.edge.inference.loader import OPENERS, Loader
from agent.edge.inference.model_folder import ModelFile
from agent.edge.inference.processor import Processor
from agent.edge.inference.self_check import Network, read_golden
from agent.edge.settings import MODELS
from protocol.model_card import ModelCard

HARDWARE = Hardware(
    driver=Driver(reason="no NVIDIA driver"),
    modules=frozenset({"onnxruntime"}),
    providers=frozenset({"CPUExecutionProvider"}),
    processor=Processor(name="A processor", instruction_set="AVX2"),
)


def golden_network(file: ModelFile, off: float) -> Network:
    """Gives the golden outputs of its file, all of them off by as much."""
    golden = read_golden(file)
    assert golden is not None
    answers = {x.tobytes(): y + np.float32(off) for x, y in zip(golden.inputs, golden.outputs, strict=True)}

    def network(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([answers[x.tobytes()] for x in inputs])

    return network


def loader(took: float, *, backend: str = "onnxruntime-cpu", off: float = 0.0, precision: str = "auto") -> Loader:
    """Of the shipped networks; the compressed one takes `took` of the time, and is off by `off`."""

    def opener(file: ModelFile, driver: Driver, *, threads: int) -> Network:
        return golden_network(file, off if file.card.precision == "int8" else 0.0)

    def ratio(small: Network, full: Network, cards: Sequence[ModelCard], threads: int) -> float:
        assert [card.precision for card in cards] == ["int8", "fp32"]
        return took

    return Loader(MODELS, backend, precision, 1, HARDWARE, opener, ratio)


@pytest.mark.parametrize(
    ("took", "precision"), [(0.5, "int8"), (WORTH, "int8"), (WORTH + 0.01, "fp32"), (1.5, "fp32"), (np.nan, "fp32")]
)
def test_the_compressed_file_serves_only_where_it_was_seen_to_be_faster(took: float, precision: str) -> None:
    opened = loader(took).open("classifier")
    assert opened.file.card.precision == precision
    assert opened.time_of_full == pytest.approx(took, nan_ok=True)
    assert bool(opened.compressed_not_used) == (precision == "fp32")
    assert opened.warnings == ()


def test_what_was_measured_of_every_file_is_kept_whichever_serves() -> None:
    for took in (0.5, 1.5):
        off = loader(took, off=0.001).open("classifier").off
        assert off == pytest.approx({"classifier.int8.onnx": 0.001, "classifier.onnx": 0.0}, abs=1e-5)


def test_a_file_that_was_refused_is_a_warning_and_nothing_is_compared() -> None:
    opened = loader(0.5, off=1.0).open("classifier")
    assert (opened.file.card.precision, opened.time_of_full) == ("fp32", None)
    assert set(opened.off) == {"classifier.onnx"}
    assert opened.warnings == (opened.compressed_not_used,)
    assert opened.warnings[0].startswith("classifier.int8.onnx computes wrongly here: off by 1,")


def test_a_precision_that_was_asked_for_has_nothing_to_be_compared_with() -> None:
    opened = loader(9.0, precision="int8").open("detector")
    assert (opened.file.card.precision, opened.time_of_full) == ("int8", None)


def test_the_last_file_is_refused_with_its_own_reason() -> None:
    def opener(file: ModelFile, driver: Driver, *, threads: int) -> Network:
        raise EdgeError(f"{file.path.name} does not open")

    only = Loader(MODELS, "onnxruntime-cpu", "auto", 1, HARDWARE, opener, None)
    with pytest.raises(EdgeError, match=r"^detector\.onnx does not open$"):
        only.open("detector")


def test_a_role_that_has_no_file_is_named(tmp_path: Path) -> None:
    def opener(file: ModelFile, driver: Driver, *, threads: int) -> Any:
        raise AssertionError("nothing is opened that was not read")

    with pytest.raises(EdgeError, match=r"detector\.json: No such file"):
        Loader(tmp_path, "onnxruntime-cpu", "auto", 1, HARDWARE, opener, None).open("detector")


def test_every_backend_has_an_opener_that_refuses_without_a_driver_or_computes() -> None:
    file = loader(1.0).open("classifier").file
    for name, opener in OPENERS.items():
        if name == "onnxruntime-cpu":
            patches = np.zeros((1, 1, file.card.geometry.patch_px, file.card.geometry.patch_px), dtype=np.float32)
            assert opener(file, HARDWARE.driver, threads=1)(patches).shape == (1, len(file.card.classes))
        elif name.startswith("tensorrt"):
            with pytest.raises(EdgeError, match="cannot run here: no NVIDIA driver"):
                opener(file, HARDWARE.driver, threads=1)

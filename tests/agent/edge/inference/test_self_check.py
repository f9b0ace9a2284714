"""A network is believed where it gives its golden outputs, and refused, aloud, where it does not."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.inference.model_folder import ModelFile, read_model
from agent.edge.inference.onnx import load_network
from agent.edge.inference.self_check import SelfCheckError, check, read_golden
from agent.edge.settings import MODELS
from protocol.golden import Golden, golden_to_bytes
from protocol.input_geometry import ROLES
from protocol.model_card import Precision
from tests.fakes import fake_networks

GOLDEN = Golden(
    inputs=np.arange(48, dtype=np.float32).reshape(3, 1, 4, 4), outputs=np.arange(15, dtype=np.float32).reshape(3, 5)
)
CARD = replace(fake_networks().classifier_card, precision="int8", golden_sha256="0" * 64, golden_tolerance=0.1)
CARD_8_BIT = replace(CARD, precision="int8")


def beside(folder: Path, golden: bytes) -> ModelFile:
    """A network whose card names this golden file."""
    card = replace(CARD_8_BIT, golden_sha256=hashlib.sha256(golden).hexdigest())
    return ModelFile(path=folder / "classifier.int8.onnx", card=card, content=b"")


def answering(off: float) -> object:
    """A network that gives the golden outputs, one element of them off."""

    def network(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        wanted = GOLDEN.outputs[[int(x.flat[0]) // 16 for x in inputs]].copy()
        wanted[:, 2] += np.float32(off)
        return wanted

    return network


@pytest.mark.parametrize("off", [0.0, 0.09, -0.09])
def test_outputs_within_the_tolerance_of_the_card_are_believed(off: float) -> None:
    assert check(answering(off), GOLDEN, CARD, "x.onnx") == pytest.approx(abs(off), abs=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize("off", [0.11, -3.0, np.inf, np.nan])
def test_outputs_that_are_further_off_or_no_numbers_are_refused(off: float) -> None:
    with pytest.raises(SelfCheckError, match=r"x\.onnx computes wrongly here: off by .*, its card allows 0\.1"):
        check(answering(off), GOLDEN, CARD, "x.onnx")  # type: ignore[arg-type]


def test_outputs_of_another_shape_are_refused() -> None:
    with pytest.raises(SelfCheckError, match=r"gives outputs of \(3, 4\), its card promises \(3, 5\)"):
        check(lambda x: np.zeros((len(x), 4), dtype=np.float32), GOLDEN, CARD, "x.onnx")


def test_a_runtime_that_fails_while_it_computes_is_an_error_of_ours() -> None:
    def broken(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        raise RuntimeError("CUDA error 700")

    with pytest.raises(EdgeError, match=r"x\.onnx does not run: RuntimeError: CUDA error 700"):
        check(broken, GOLDEN, CARD, "x.onnx")


def test_the_golden_file_is_the_one_that_the_card_names(tmp_path: Path) -> None:
    content, path = golden_to_bytes(GOLDEN), tmp_path / "classifier.int8.golden.npz"
    file = beside(tmp_path, content)
    with pytest.raises(EdgeError, match=r"classifier\.int8\.golden\.npz: No such file.*promises golden outputs"):
        read_golden(file)
    path.write_bytes(content)
    found = read_golden(file)
    assert found is not None
    assert np.array_equal(found.outputs, GOLDEN.outputs)
    with pytest.raises(EdgeError, match=r"the card names 000000000000…, this file is"):
        read_golden(replace(file, card=CARD_8_BIT))
    path.write_bytes(b"PK")
    with pytest.raises(EdgeError, match=r"an \.npz with inputs and outputs was promised"):
        read_golden(beside(tmp_path, b"PK"))


def test_a_card_without_golden_outputs_has_none_to_read(tmp_path: Path) -> None:
    file = ModelFile(path=tmp_path / "classifier.onnx", card=replace(CARD, golden_sha256=""), content=b"")
    assert read_golden(file) is None


def test_every_shipped_network_gives_its_golden_outputs_on_this_machine() -> None:
    precisions: tuple[Precision, ...] = ("fp32", "int8")
    for role in ROLES:
        for precision in precisions:
            file = read_model(MODELS, role, precision)
            golden = read_golden(file)
            assert golden is not None
            network = load_network(file, "CPUExecutionProvider", threads=1)
            assert check(network, golden, file.card, file.path.name) <= file.card.golden_tolerance

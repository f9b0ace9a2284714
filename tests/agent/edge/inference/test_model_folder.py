"""What is read from a model folder is held to its card, and what was hashed is what computes."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from agent.core.preprocessing import classifier_input
from agent.edge.errors import EdgeError
from agent.edge.inference import model_folder
from agent.edge.inference.backend import load_networks
from agent.edge.inference.cuda_probe import Driver, Gpu
from agent.edge.inference.model_folder import read_model
from agent.edge.inference.onnx import load_network
from agent.edge.inference.tensorrt.network import open_tensorrt
from agent.edge.inference.tensorrt.plan_cache import PlanCache
from agent.edge.settings import MODELS
from protocol.model_card import ModelCard
from protocol.model_card_json import card_from_json, card_to_json
from protocol.model_folder import card_name, network_name
from tests.fake_tensorrt import FakeCuda, FakeTensorRt

CPU = "CPUExecutionProvider"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped classifier in single precision."""
    for path in MODELS.glob("classifier.[ojg]*"):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def recorded(folder: Path, **changes: object) -> ModelCard:
    """Write the card of the folder's classifier with some fields changed; the hash is that of the network beside it."""
    digest = hashlib.sha256((folder / network_name("classifier")).read_bytes()).hexdigest()
    path = folder / card_name("classifier")
    card = replace(card_from_json(path.read_text("utf-8")), **{"model_sha256": digest, **changes})  # type: ignore[arg-type]
    path.write_text(card_to_json(card), "utf-8")
    return card


def put_weights_outside(folder: Path) -> Path:
    """Save the classifier again with its weights in a file of their own, and a card that is right for the network."""
    model = onnx.load(folder / network_name("classifier"))
    outside = folder / "weights.bin"
    onnx.save_model(
        model, folder / network_name("classifier"), save_as_external_data=True, location=outside.name, size_threshold=0
    )
    recorded(folder)
    return outside


def test_a_network_with_weights_in_another_file_is_refused_before_anything_opens_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = put_weights_outside(folder)
    monkeypatch.chdir(folder)

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("ONNX Runtime was asked to open it")

    monkeypatch.setattr(onnxruntime, "InferenceSession", opened)
    for change in (False, True):
        if change:  # the card's hash does not notice: the network's own file stays what it was
            content = np.fromfile(outside, dtype=np.uint8)
            (content + 1).tofile(outside)
        with pytest.raises(EdgeError, match=r"classifier\.onnx: its tensor '.*' lies in another file"):
            read_model(folder, "classifier")


def test_what_was_hashed_computes_whatever_becomes_of_the_file(folder: Path, tmp_path: Path) -> None:
    file = read_model(folder, "classifier")
    reference = load_network(file, CPU, threads=1)
    file.path.write_bytes(b"changed after it was hashed")
    patches = np.random.default_rng(1).standard_normal((2, 1, 128, 128)).astype(np.float32)
    assert np.array_equal(load_network(file, CPU, threads=1)(patches), reference(patches))
    driver = Driver(gpus=(Gpu(name="NVIDIA Test", capability=(8, 9)),), version="580.95.05")
    trt = FakeTensorRt(FakeCuda())
    on_gpu = open_tensorrt(file, "tensorrt", driver, cache=PlanCache(tmp_path / "a" / "b"), trt=trt, cuda=trt.cuda)
    assert np.allclose(on_gpu(patches), reference(patches), atol=1e-5)


def test_a_network_trained_on_another_preprocessing_is_refused_with_both_names(folder: Path) -> None:
    card = recorded(folder)
    recorded(folder, geometry=replace(card.geometry, preprocessing="patch-v0"))
    with pytest.raises(
        EdgeError,
        match=r"classifier\.json: the classifier was trained on inputs made by patch-v0, this version makes patch-v1$",
    ):
        read_model(folder, "classifier")


def test_the_preprocessing_of_the_shipped_networks_is_the_one_that_is_implemented() -> None:
    networks = load_networks(MODELS, prefer="onnxruntime-cpu", precision="fp32", threads=1)
    assert networks.classifier_card.geometry.preprocessing == classifier_input.VERSION
    assert networks.model.startswith("model 4 (")


def test_a_network_that_was_changed_is_not_its_cards(folder: Path) -> None:
    path = folder / network_name("classifier")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(EdgeError, match=r"classifier\.json: the card is for .*…, the network beside it is .*…"):
        read_model(folder, "classifier")


def test_a_card_that_lies_under_another_role_or_precision_is_refused(folder: Path) -> None:
    for name in (network_name, card_name):
        shutil.copy(folder / name("classifier"), folder / name("classifier", "int8"))
        shutil.copy(folder / name("classifier"), folder / name("detector"))
    with pytest.raises(EdgeError, match=r"classifier\.int8\.json: .* in fp32, where one in int8 belongs"):
        read_model(folder, "classifier", "int8")
    with pytest.raises(EdgeError, match=r"detector\.json: .* the card of a classifier, where a detector's belongs"):
        read_model(folder, "detector")


def test_a_missing_or_garbled_file_is_named(folder: Path) -> None:
    (folder / card_name("classifier")).write_bytes(b"\xff")
    with pytest.raises(EdgeError, match=r"classifier\.json: .*utf-8"):
        read_model(folder, "classifier")
    with pytest.raises(EdgeError, match=r"detector\.json: No such file .*a model is a \.onnx file and a \.json card"):
        read_model(folder, "detector")


def test_a_file_larger_than_any_network_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_folder, "MAX_NETWORK_BYTES", 1000)
    with pytest.raises(EdgeError, match=r"classifier\.onnx: at most 1000 bytes are read, it has \d+"):
        read_model(folder, "classifier")


def test_a_file_that_is_no_network_is_refused_although_its_hash_is_right(folder: Path) -> None:
    (folder / network_name("classifier")).write_bytes(b"something else")
    recorded(folder)
    with pytest.raises(EdgeError, match=r"classifier\.onnx: this is no ONNX file"):
        read_model(folder, "classifier")

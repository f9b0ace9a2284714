"""The very bytes that were checked, on the provider that was asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.edge.errors import EdgeError
from agent.edge.inference.model_folder import read_model
from agent.edge.inference.onnx import load_network
from agent.edge.settings import MODELS

FILE = read_model(MODELS, "classifier")
SIDE_PX = FILE.card.geometry.patch_px


def test_the_bytes_are_opened_and_the_file_is_not_read_again(tmp_path: Path) -> None:
    moved = replace(FILE, path=tmp_path / "gone" / "classifier.onnx")
    logits = load_network(moved, "CPUExecutionProvider", threads=1)(np.zeros((3, 1, SIDE_PX, SIDE_PX), np.float32))
    assert (logits.shape, logits.dtype) == ((3, len(FILE.card.classes)), np.float32)


def test_patches_are_named_alike_alone_and_together() -> None:
    network = load_network(FILE, "CPUExecutionProvider", threads=1)
    patches = np.random.default_rng(4).standard_normal((5, 1, SIDE_PX, SIDE_PX)).astype(np.float32)
    alone = np.concatenate([network(one[None]) for one in patches])
    assert np.allclose(network(patches), alone, atol=1e-4)
    assert np.allclose(network(patches[::-1])[::-1], alone, atol=1e-4)


def test_a_provider_that_this_build_lacks_is_an_error_and_never_another_one() -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this build of ONNX Runtime has CUDA")
    with pytest.raises(EdgeError, match=r"classifier\.onnx: (ONNX Runtime does not open it on|asked ONNX Runtime for)"):
        load_network(FILE, "CUDAExecutionProvider", threads=1)


@pytest.mark.parametrize("content", [b"", b"rubbish", FILE.content[:1000], b"\x00\x00\x00\x00ORTM" + b"\x00" * 64])
def test_bytes_that_are_no_network_are_one_line_that_names_the_file(content: bytes) -> None:
    with pytest.raises(EdgeError, match=r"classifier\.onnx: ONNX Runtime does not open it on CPU") as found:
        load_network(replace(FILE, content=content), "CPUExecutionProvider", threads=1)
    assert "\n" not in str(found.value)


def test_a_graph_that_is_not_its_cards_is_refused_before_it_computes() -> None:
    other = replace(FILE, card=replace(FILE.card, classes=("cube", "sphere"), confusion=()))
    with pytest.raises(EdgeError, match="the card names 2 classes, the graph has 5"):
        load_network(other, "CPUExecutionProvider", threads=1)

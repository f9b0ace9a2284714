"""The shipped models open, and what is not theirs is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.edge.errors import EdgeError
from agent.edge.inference.backend import load_networks
from agent.edge.settings import MODELS


def test_the_shipped_engine_opens_and_its_cards_match() -> None:
    networks = load_networks(MODELS, prefer="onnxruntime-cpu", threads=1)
    assert networks.detect(np.zeros((2, 64, 72), np.float32)).shape == (3, 64, 72)
    assert networks.classify(np.zeros((2, 1, 128, 128), np.float32)).shape == (2, len(networks.classifier_card.classes))


def test_a_card_that_is_not_the_networks_is_refused(tmp_path: Path) -> None:
    for path in MODELS.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "detector.onnx").write_bytes((MODELS / "classifier.onnx").read_bytes())
    with pytest.raises(EdgeError, match="the network beside it is"):
        load_networks(tmp_path, prefer="onnxruntime-cpu", precision="fp32")
    (tmp_path / "detector.int8.onnx").write_bytes((MODELS / "classifier.onnx").read_bytes())
    with pytest.raises(EdgeError, match="the network beside it is"):
        load_networks(tmp_path, prefer="onnxruntime-cpu", precision="int8")
    card = (MODELS / "classifier.json").read_text(encoding="utf-8").replace('"patch_px": 128', '"patch_px": 96')
    (tmp_path / "detector.onnx").write_bytes((MODELS / "detector.onnx").read_bytes())
    (tmp_path / "classifier.json").write_text(card, encoding="utf-8")
    with pytest.raises(EdgeError, match=r"the card promises inputs of \[1, 96, 96\]"):
        load_networks(tmp_path, prefer="onnxruntime-cpu", precision="fp32")
    with pytest.raises(EdgeError, match=r"a model is a \.onnx file and a \.json card"):
        load_networks(tmp_path / "nowhere", prefer="onnxruntime-cpu")


def test_a_backend_that_cannot_run_is_not_silently_replaced() -> None:
    with pytest.raises(EdgeError, match="backend must be one of"):
        load_networks(MODELS, prefer="abacus")

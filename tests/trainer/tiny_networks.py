"""Model folders whose networks a person can calculate: a patch's mean times a weight a class, a map as it comes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from protocol.input_geometry import Role
from protocol.model_card import ModelCard, Provenance
from protocol.model_folder import DETECTOR_CLASSES, network_name
from tests.trainer.striped import CLASSES
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.export.card import write_card
from trainer.export.golden import with_golden
from trainer.export.runtime import runner

EVEN = np.array([[1.0, -1.0]])
"""(1, 2): bright patches are of the first class."""


def model_of(
    nodes: list[onnx.NodeProto], inputs: dict[str, list[object]], outputs: dict[str, list[object]], **constants: object
) -> onnx.ModelProto:
    """A model of float32 ends and constants."""
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in side.items()]
        for side in (inputs, outputs)
    ]
    kept = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", *ends, kept)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def linear(role: Role, *, weights: NDArray[np.float64] = EVEN) -> bytes:
    """A classifier of the mean of a patch (n, 1, p, p), or a detector whose maps are sigmoids of its first channel."""
    if role == "classifier":
        nodes = [
            helper.make_node("GlobalAveragePool", ["patches"], ["mean"], name="mean"),
            helper.make_node("Flatten", ["mean"], ["flat"], name="flat"),
            helper.make_node("MatMul", ["flat", "weights"], ["logits"], name="logits"),
        ]
        ends = {"patches": ["n", 1, "h", "w"]}, {"logits": ["n", weights.shape[1]]}
        return model_of(nodes, *ends, weights=weights.astype(np.float32)).SerializeToString()
    kernel = np.zeros((3, 2, 1, 1), dtype=np.float32)
    kernel[:2, 0], kernel[2, 0] = 20, -20
    shift = np.array([-10, -10, -10], dtype=np.float32)
    nodes = [
        helper.make_node("Conv", ["channels", "kernel", "shift"], ["drawn"], name="drawn"),
        helper.make_node("Sigmoid", ["drawn"], ["maps"], name="maps"),
    ]
    ends = {"channels": [1, 2, "h", "w"]}, {"maps": [1, 3, "h", "w"]}
    return model_of(nodes, *ends, kernel=kernel, shift=shift).SerializeToString()


def put(folder: Path, role: Role, content: bytes | None = None) -> ModelCard:
    """Write a full network of a role with its golden file and card into a model folder."""
    content = linear(role) if content is None else content
    folder.mkdir(parents=True, exist_ok=True)
    (folder / network_name(role)).write_bytes(content)
    geometry = LEGACY_GEOMETRY.of(role)
    card = ModelCard(
        name="tiny",
        role=role,
        classes=CLASSES if role == "classifier" else DETECTOR_CLASSES,
        geometry=geometry,
        channels=1 if role == "classifier" else 2,
        model_sha256=hashlib.sha256(content).hexdigest(),
        provenance=Provenance(run="a test"),
    )
    inputs = np.ones((2, card.channels, 16, 16))
    return write_card(folder, with_golden(folder, runner(content, 1), inputs, replace(card, temperature=0.5)))

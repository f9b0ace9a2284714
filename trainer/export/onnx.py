"""Weights to an ONNX file and its card; refuses to write what does not agree with the network."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from protocol.input_geometry import InputGeometry, Role
from protocol.model_card import ModelCard
from protocol.model_folder import DETECTOR_CLASSES, SIGNATURES, check_card, network_name
from trainer.export.card import refuse_non_numbers, write_card
from trainer.export.golden import with_golden
from trainer.export.runtime import runner
from trainer.export.weight_packing import packed

LARGEST_DIFFERENCE = 1e-3
"""Allowed between PyTorch and ONNX Runtime, in logits or probabilities."""
LARGEST_ROUNDING = 0.02
"""Allowed once kernels are rounded to half precision."""


class Sigmoid(nn.Module):
    """A detector with its probabilities put on."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, channels: Tensor) -> Tensor:
        """Probabilities (1, 3, h, w)."""
        return torch.sigmoid(self.network(channels))


def export_detector(
    network: nn.Module, geometry: InputGeometry, folder: Path, *, golden: NDArray[np.floating], **card: object
) -> ModelCard:
    """Write detector.onnx, its card and its golden file. Sides of the input are free multiples of the divisor.

    Args:
        network: maps in (1, 2, h, w) to logits (1, 3, h, w).
        geometry: of its input, as the checkpoint says it.
        folder: the model folder.
        golden: inputs (n, 2, h, w) whose outputs every machine is held to.
        card: the other fields of the card.

    Raises:
        ValueError: ONNX Runtime does not give what PyTorch gives, or a measure is no number; nothing is left behind.
        OSError: the folder cannot be written.
    """
    divisor = geometry.patch_px
    height = torch.export.Dim("h_over_divisor", min=2, max=512)
    width = torch.export.Dim("w_over_divisor", min=2, max=512)
    return _export(
        Sigmoid(network),
        "detector",
        torch.randn(1, 2, 8 * divisor, 12 * divisor),
        {2: divisor * height, 3: divisor * width},
        [torch.randn(1, 2, 16 * divisor, 9 * divisor)],
        folder,
        golden,
        classes=DETECTOR_CLASSES,
        geometry=geometry,
        **card,
    )


def export_classifier(
    network: nn.Module,
    classes: Sequence[str],
    geometry: InputGeometry,
    folder: Path,
    *,
    golden: NDArray[np.floating],
    **card: object,
) -> ModelCard:
    """Write classifier.onnx, its card and its golden file. The batch is free.

    Args:
        network: patches (n, 1, p, p) to logits (n, k).
        classes: k names, one per logit.
        geometry: of its input, as the checkpoint says it.
        folder: the model folder.
        golden: patches (n, 1, p, p) whose outputs every machine is held to.
        card: the other fields of the card.

    Raises:
        ValueError: ONNX Runtime does not give what PyTorch gives, or a measure is no number; nothing is left behind.
        OSError: the folder cannot be written.
    """
    side = geometry.patch_px
    return _export(
        network,
        "classifier",
        torch.randn(3, 1, side, side),
        {0: torch.export.Dim("n", min=1, max=4096)},
        [torch.randn(1, 1, side, side), torch.randn(7, 1, side, side)],
        folder,
        golden,
        classes=tuple(classes),
        geometry=geometry,
        **card,
    )


def _export(
    network: nn.Module,
    role: Role,
    example: Tensor,
    free: Mapping[int, object],
    trials: Sequence[Tensor],
    folder: Path,
    golden: NDArray[np.floating],
    **card: object,
) -> ModelCard:
    measures = card.get("measures", {})
    assert isinstance(measures, Mapping)
    refuse_non_numbers(role, measures)
    network.eval()
    signature, path = SIGNATURES[role], folder / network_name(role)
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        torch.onnx.export(
            network,
            (example,),
            str(path),
            input_names=[signature.input_name],
            output_names=[signature.output_name],
            opset_version=18,
            dynamo=True,
            dynamic_shapes=(dict(free),),
            external_data=False,
            verbose=False,
        )
    _refuse_difference(network, path, [example, *trials], LARGEST_DIFFERENCE)
    model = packed(onnx.load(path))
    for node in model.graph.node:
        del node.metadata_props[:]  # where in our source a node comes from: paths of the maker's machine
    onnx.save(model, path)
    _refuse_difference(network, path, [example, *trials], LARGEST_ROUNDING)
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    made = ModelCard(role=role, channels=signature.channels, model_sha256=digest, **card)  # type: ignore[arg-type]
    check_card(made, role, made.precision)
    return write_card(folder, with_golden(folder, runner(content), golden, made))


def _refuse_difference(network: nn.Module, path: Path, trials: Sequence[Tensor], largest: float) -> None:
    difference = _difference(network, path, trials)
    if not difference <= largest:
        path.unlink()
        raise ValueError(f"{path}: PyTorch and ONNX Runtime differ by {difference:.2g}, more than {largest}")


def _difference(network: nn.Module, path: Path, trials: Sequence[Tensor]) -> float:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    with torch.inference_mode():
        return max(float(np.abs(session.run(None, {name: x.numpy()})[0] - network(x).numpy()).max()) for x in trials)

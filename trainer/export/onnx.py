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

from protocol.model_card import ModelCard
from protocol.model_card_json import card_to_json
from trainer.export.golden import with_golden
from trainer.export.runtime import runner
from trainer.export.weight_packing import packed

LARGEST_DIFFERENCE = 1e-3
"""Allowed between PyTorch and ONNX Runtime, in logits or probabilities."""
LARGEST_ROUNDING = 0.02
"""Allowed once kernels are rounded to half precision."""
DETECTOR_CLASSES = ("particle", "centre", "border")


class Sigmoid(nn.Module):
    """A detector with its probabilities put on."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, channels: Tensor) -> Tensor:
        """Probabilities (1, 3, h, w)."""
        return torch.sigmoid(self.network(channels))


def export_detector(network: nn.Module, folder: Path, *, golden: NDArray[np.floating], **card: object) -> ModelCard:
    """Write detector.onnx, its card and its golden file. Sides of the input are free multiples of 8.

    Args:
        golden: inputs (n, 2, h, w) whose outputs every machine is held to.
    """
    side = torch.export.Dim("eighth_h", min=2, max=512)
    other = torch.export.Dim("eighth_w", min=2, max=512)
    return _export(
        Sigmoid(network),
        torch.randn(1, 2, 64, 96),
        "channels",
        "maps",
        {2: 8 * side, 3: 8 * other},
        folder / "detector.onnx",
        [torch.randn(1, 2, 128, 72)],
        golden,
        role="detector",
        classes=DETECTOR_CLASSES,
        channels=2,
        normalisation="channels-v1",
        **card,
    )


def export_classifier(
    network: nn.Module,
    classes: Sequence[str],
    patch_px: int,
    folder: Path,
    *,
    golden: NDArray[np.floating],
    **card: object,
) -> ModelCard:
    """Write classifier.onnx, its card and its golden file. The batch is free.

    Args:
        golden: patches (n, 1, p, p) whose outputs every machine is held to.
    """
    return _export(
        network,
        torch.randn(3, 1, patch_px, patch_px),
        "patches",
        "logits",
        {0: torch.export.Dim("n", min=1, max=4096)},
        folder / "classifier.onnx",
        [torch.randn(1, 1, patch_px, patch_px), torch.randn(7, 1, patch_px, patch_px)],
        golden,
        role="classifier",
        classes=tuple(classes),
        channels=1,
        normalisation="patch-v1",
        patch_px=patch_px,
        **card,
    )


def _export(
    network: nn.Module,
    example: Tensor,
    input_name: str,
    output_name: str,
    free: Mapping[int, object],
    path: Path,
    trials: Sequence[Tensor],
    golden: NDArray[np.floating],
    **card: object,
) -> ModelCard:
    network.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        torch.onnx.export(
            network,
            (example,),
            str(path),
            input_names=[input_name],
            output_names=[output_name],
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
    made = ModelCard(model_sha256=hashlib.sha256(content).hexdigest(), **card)  # type: ignore[arg-type]
    made = with_golden(path, runner(content), golden, made)
    path.with_suffix(".json").write_text(card_to_json(made), encoding="utf-8")
    return made


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

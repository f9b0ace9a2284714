"""An exported network in 8-bit integers, for CPUs; and all lighter networks of a folder at once.

Unsigned activations and signed weights are what ONNX Runtime multiplies with the VNNI instructions; TensorRT reads
symmetric quantisation only and refuses these files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from protocol.model_card import ModelCard
from protocol.model_card_json import card_from_json
from trainer.bank import read_patches
from trainer.half import before_logarithms, halve
from trainer.lighter import BATCH, Judge, finish, frames_of, map_judge, patch_judge
from trainer.pack import unpacked

QUANTISED = ("Conv", "Relu", "Add", "Concat", "Resize", "MaxPool")
"""Operators that compute in integers. Heads, gates and whatever follows the last convolution stay in floating point."""
CALIBRATION_PATCHES = 512
CALIBRATION_FRAMES = 64


def lighten(folder: Path, train: Sequence[Path], test: Sequence[Path]) -> list[str]:
    """Write every lighter network that keeps its accuracy; shards of `train` calibrate, those of `test` judge.

    Returns a line each: what it costs, or why it was refused. Lighter files of an earlier network are removed.
    """
    seen = read_patches(train[:1]).patches[:CALIBRATION_PATCHES].astype(np.float32)[:, None]
    unseen = read_patches(test)
    named = unseen.rows["label"] >= 0
    threshold = card_from_json((folder / "detector.json").read_text(encoding="utf-8")).threshold
    judges = {
        "classifier": patch_judge(unseen.patches[named][:, None], unseen.rows["label"][named]),
        "detector": map_judge(test, threshold),
    }
    calibrations = {
        "classifier": [seen[n : n + BATCH] for n in range(0, len(seen), BATCH)],
        "detector": frames_of(train[:1])[:CALIBRATION_FRAMES],
    }
    said = []
    for role, judge in judges.items():
        for precision in ("fp16", "int8"):
            for old in folder.glob(f"{role}.{precision}.*"):
                old.unlink()
            try:
                card = (
                    halve(folder, role, judge)
                    if precision == "fp16"
                    else quantise(folder, role, calibrations[role], judge)
                )
                said.append(f"{role}.{precision}.onnx: " + ", ".join(f"{k} {v:g}" for k, v in card.measures.items()))
            except ValueError as error:
                said.append(f"refused: {error}")
    return said


def quantise(folder: Path, role: str, calibration: Sequence[NDArray[np.float32]], judge: Judge) -> ModelCard:
    """Write ROLE.int8.onnx and its card; the ranges of activations are those of the batches in `calibration`.

    Raises:
        ValueError: it costs more than `MOST_LOSS_POINTS`; nothing is written.
    """
    if not calibration:
        raise ValueError("quantisation needs at least one batch to calibrate on")
    with tempfile.TemporaryDirectory() as scratch:
        whole, ready, done = (Path(scratch) / f"{name}.onnx" for name in ("whole", "ready", "done"))
        onnx.save(unpacked(onnx.load(folder / f"{role}.onnx")), whole)
        quant_pre_process(whole, ready, skip_symbolic_shape=True)
        model = onnx.load(ready)
        quantize_static(
            ready,
            done,
            Batches(model.graph.input[0].name, calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTISED),
            nodes_to_exclude=before_logarithms(model),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return finish(folder, role, "int8", done.read_bytes(), judge)


class Batches(CalibrationDataReader):  # type: ignore[misc]
    """Calibration batches one by one, under the input's name."""

    def __init__(self, name: str, batches: Sequence[NDArray[np.float32]]) -> None:
        self._rest = iter([{name: batch} for batch in batches])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._rest, None)

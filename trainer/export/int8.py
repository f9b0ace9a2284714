"""An exported network in 8-bit integers, for CPUs; and all lighter networks of a folder at once.

Unsigned activations and signed weights are what ONNX Runtime multiplies with the VNNI instructions; TensorRT reads
symmetric quantisation only and refuses these files. Weights have seven bits, -64 to 64, so that processors without VNNI
do not saturate (`trainer.export.saturation`) and give the same integers.
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

from agent.core.calibration import probabilities
from protocol.model_card import ModelCard
from trainer.data.dataset import Patches, read_maps, read_patches
from trainer.evaluation.predictions import envelope
from trainer.export.acceptance import BATCH, Judge, finish, frames_of, map_judge, patch_judge
from trainer.export.golden import golden_path, renew_golden, telling_maps, telling_patches
from trainer.export.half import before_logarithms, halve
from trainer.export.runtime import runner
from trainer.export.saturation import refuse_saturation
from trainer.export.weight_packing import unpacked

QUANTISED = ("Conv", "Relu", "Add", "Concat", "Resize", "MaxPool")
"""Operators that compute in integers. Heads, gates and whatever follows the last convolution stay in floating point."""
CALIBRATION_PATCHES = 512
CALIBRATION_FRAMES = 64


def lighten(folder: Path, train: Sequence[Path], test: Sequence[Path]) -> list[str]:
    """Write every lighter network that keeps its accuracy; shards of `train` calibrate, those of `test` judge.

    Returns a line each: what it costs, or why it was refused. Lighter files of an earlier network are removed, and the
    full networks get golden files where they were exported without.
    """
    seen = read_patches(train[:1]).patches[:CALIBRATION_PATCHES].astype(np.float32)[:, None]
    unseen = read_patches(test)
    stated = envelope(unseen.rows)  # the conditions that the full network's card speaks of
    judges = {
        "classifier": patch_judge(unseen.patches[stated][:, None], unseen.rows["label"][stated]),
        "detector": map_judge(test),
    }
    calibrations = {
        "classifier": [seen[n : n + BATCH] for n in range(0, len(seen), BATCH)],
        "detector": frames_of(train[:1])[:CALIBRATION_FRAMES],
    }
    for role in judges:
        if not golden_path(folder / f"{role}.onnx").exists():
            renew_golden(folder / f"{role}.onnx", _telling(folder, role, unseen, test))
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


def _telling(folder: Path, role: str, unseen: Patches, test: Sequence[Path]) -> NDArray[np.float32]:
    if role == "detector":
        return telling_maps(read_maps(test[:1]))
    run = runner((folder / "classifier.onnx").read_bytes())
    patches = unseen.patches.astype(np.float32)[:, None]
    logits = np.concatenate([run(patches[n : n + BATCH]) for n in range(0, len(patches), BATCH)])
    return telling_patches(unseen.patches, unseen.rows["label"], probabilities(logits.astype(np.float64), 1.0))


def quantise(folder: Path, role: str, calibration: Sequence[NDArray[np.float32]], judge: Judge) -> ModelCard:
    """Write ROLE.int8.onnx and its card; the ranges of activations are those of the batches in `calibration`.

    Raises:
        ValueError: it costs more than `MOST_LOSS_POINTS`, or could saturate; nothing is written.
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
            reduce_range=True,
        )
        refuse_saturation(onnx.load(done))
        return finish(folder, role, "int8", done.read_bytes(), judge)


class Batches(CalibrationDataReader):  # type: ignore[misc]
    """Calibration batches one by one, under the input's name."""

    def __init__(self, name: str, batches: Sequence[NDArray[np.float32]]) -> None:
        self._rest = iter([{name: batch} for batch in batches])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._rest, None)

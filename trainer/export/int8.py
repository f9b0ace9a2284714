"""An exported network in 8-bit integers, for CPUs.

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

from protocol.input_geometry import Role
from protocol.model_card import ModelCard
from protocol.model_folder import network_name
from trainer.export.acceptance import AcceptanceTest, write_accepted
from trainer.export.half import before_logarithms
from trainer.export.saturation import refuse_saturation
from trainer.export.weight_packing import unpacked

QUANTISED = ("Conv", "Relu", "Add", "Concat", "Resize", "MaxPool")
"""Operators that compute in integers. Heads, gates and whatever follows the last convolution stay in floating point."""


def quantise(folder: Path, role: Role, calibration: Sequence[NDArray[np.float32]], test: AcceptanceTest) -> ModelCard:
    """Write ROLE.int8.onnx and its card; the ranges of activations are those of the batches in `calibration`.

    Raises:
        ValueError: it costs more than `LARGEST_LOSS_POINTS`, or could saturate; nothing is written.
    """
    if not calibration:
        raise ValueError("quantisation needs at least one batch to calibrate on")
    with tempfile.TemporaryDirectory() as scratch:
        # Kernels that are packed in half precision are widened first: the quantiser looks for float32 weights.
        whole, ready, done = (Path(scratch) / f"{name}.onnx" for name in ("whole", "ready", "done"))
        onnx.save(unpacked(onnx.load(folder / network_name(role))), whole)
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
        # Accepted is what could not saturate anywhere, and then what loses little on held-out data.
        refuse_saturation(onnx.load(done))
        return write_accepted(folder, role, "int8", done.read_bytes(), test)


class Batches(CalibrationDataReader):  # type: ignore[misc]
    """Calibration batches one by one, under the input's name."""

    def __init__(self, name: str, batches: Sequence[NDArray[np.float32]]) -> None:
        self._rest = iter([{name: batch} for batch in batches])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next batch, None after the last."""
        return next(self._rest, None)

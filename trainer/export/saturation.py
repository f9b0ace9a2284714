"""Can an 8-bit network saturate on a processor without VNNI? Decided from its weights, by arithmetic.

Without VNNI or dot products, ONNX Runtime multiplies unsigned activations by signed weights with the instruction
VPMADDUBSW, which adds the products of two neighbours, a1 w1 + a2 w2, in 16 bits and saturates (Intel's Software
Developer's Manual, volume 2B). Activations are 0 to 255, whatever their zero point. Which two products meet depends on
how a kernel packs its weights, so the bound takes the two of a channel that add up to most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

LARGEST_ACTIVATION = 255
FUSED = ("QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul", "QGemm")
"""Operators that take integers themselves: a network with one of them would pass unseen."""
LEAST_SUM, MOST_SUM = -(2**15), 2**15 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSums:
    """Of one quantised layer, over all its channels: the sums of two products that its weights make possible."""

    layer: str
    """Name of its node."""
    least: int
    """Smallest sum of two products."""
    most: int
    """Largest one."""

    @property
    def can_saturate(self) -> bool:
        """Whether one of them leaves 16 bits."""
        return self.least < LEAST_SUM or self.most > MOST_SUM


def pair_sums(model: onnx.ModelProto) -> Iterator[PairSums]:
    """The extreme pair sums of every layer with 8-bit weights.

    Raises:
        ValueError: a layer's weights are not signed 8-bit integers, or it is quantised in a form that is not read here.
    """
    weights = {w.name: w for w in model.graph.initializer}
    makers = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        if node.op_type in FUSED:
            raise ValueError(f"{node.name}: integers within {node.op_type} are not read; quantise to the QDQ form")
        if node.op_type not in ("Conv", "MatMul", "Gemm"):
            continue
        maker = makers.get(node.input[1])
        if maker is None or maker.op_type != "DequantizeLinear":
            continue
        kernel = numpy_helper.to_array(weights[maker.input[0]])
        if kernel.dtype != np.int8:
            raise ValueError(f"{node.name}: weights of int8 were promised, got {kernel.dtype}")
        transposed = any(a.name == "transB" and a.i for a in node.attribute)
        channels_first = kernel if node.op_type == "Conv" or transposed else kernel.T
        least, most = extreme_sums(channels_first.reshape(len(channels_first), -1))
        yield PairSums(layer=node.name, least=least, most=most)


def extreme_sums(weights: NDArray[np.int8]) -> tuple[int, int]:
    """(least, most) of a1 w1 + a2 w2 over activations 0 to 255 and any two weights of a row (channels, k)."""
    ordered = np.sort(weights.astype(np.int64), axis=1)
    low, high = np.minimum(ordered[:, :2], 0).sum(1), np.maximum(ordered[:, -2:], 0).sum(1)
    return LARGEST_ACTIVATION * int(low.min()), LARGEST_ACTIVATION * int(high.max())


def refuse_saturation(model: onnx.ModelProto) -> None:
    """Refuse a network of which a layer could saturate on some processor.

    Raises:
        ValueError: one could; the text names it and the sum.
    """
    for sums in pair_sums(model):
        if sums.can_saturate:
            raise ValueError(
                f"{sums.layer}: two products can add up to {sums.least} or {sums.most}, outside {LEAST_SUM} to "
                f"{MOST_SUM}: a processor without VNNI would saturate"
            )

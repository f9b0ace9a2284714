"""8-bit networks in plain numpy, with the sums of two products that a processor without VNNI makes, saturating or not.

VPMADDUBSW (Intel's Software Developer's Manual, volume 2B) multiplies unsigned by signed 8-bit integers and adds the
products of neighbours in 16 bits, saturating. ONNX Runtime's kernels use it on processors with AVX2 or AVX-512 and no
VNNI. Neighbours here lie along a window's (row, column, channel), as in ONNX Runtime's packing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

DOMAIN = "beamside.tests"


def emulated(model: onnx.ModelProto, inputs: NDArray[np.float32], *, saturate: bool) -> NDArray[np.float32]:
    """The first output of a quantised (QDQ) network whose convolutions are done in integers."""
    evaluator = ReferenceEvaluator(in_integers(model, saturate=saturate), new_ops=[IntegerConv])
    return np.asarray(evaluator.run(None, {model.graph.input[0].name: inputs})[0], dtype=np.float32)


def in_integers(model: onnx.ModelProto, *, saturate: bool) -> onnx.ModelProto:
    """The model with every Conv between dequantised tensors as one `IntegerConv` of the integers themselves."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    makers = {output: node for node in result.graph.node for output in node.output}
    nodes = []
    for node in result.graph.node:
        sources = [makers.get(name) for name in node.input]
        if node.op_type == "Conv" and all(s is not None and s.op_type == "DequantizeLinear" for s in sources):
            x, w, *bias = (source for source in sources if source is not None)
            node = helper.make_node(
                IntegerConv.__name__,
                [*x.input, *w.input[:2], *(b.input[0] for b in bias)],
                node.output,
                name=node.name,
                domain=DOMAIN,
                saturate=int(saturate),
                **{a.name: list(a.ints) for a in node.attribute if a.name in ("strides", "pads")},
            )
            assert all(a.name != "group" or a.i == 1 for a in node.attribute)
        nodes.append(node)
    del result.graph.node[:]
    result.graph.node.extend(nodes)
    result.opset_import[0].version = 21  # the evaluator knows DequantizeLinear from 19 on; its meaning is unchanged
    result.opset_import.append(helper.make_opsetid(DOMAIN, 1))
    return result


class IntegerConv(OpRun):  # type: ignore[misc]
    """Convolution of 8-bit integers; float32 comes out, as of the Conv that it stands for."""

    op_domain = DOMAIN

    def _run(
        self,
        x: NDArray[np.uint8],
        x_scale: NDArray[np.float32],
        x_zero: NDArray[np.uint8],
        w: NDArray[np.int8],
        w_scale: NDArray[np.float32],
        bias: NDArray[np.int32] | None = None,
        *,
        strides: Sequence[int] = (1, 1),
        pads: Sequence[int] = (0, 0, 0, 0),
        saturate: int = 0,
    ) -> tuple[NDArray[np.float32]]:
        rows = windows(x, int(x_zero), w.shape[2:], strides, pads)
        weights = w.transpose(0, 2, 3, 1).reshape(len(w), -1)
        sums = pair_sums(rows.reshape(-1, rows.shape[-1]), weights, saturate=bool(saturate))
        sums = sums - int(x_zero) * weights.astype(np.int64).sum(1) + (0 if bias is None else bias.astype(np.int64))
        result = sums.astype(np.float32) * (x_scale * w_scale).astype(np.float32)
        return (result.reshape(*rows.shape[:3], -1).transpose(0, 3, 1, 2).copy(),)


def windows(
    x: NDArray[np.uint8], zero: int, kernel: Sequence[int], strides: Sequence[int], pads: Sequence[int]
) -> NDArray[np.uint8]:
    """(n, c, h, w) to (n, rows, columns, kernel height * kernel width * c); what is padded is the zero point."""
    top, left, bottom, right = pads
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=zero)
    seen = np.lib.stride_tricks.sliding_window_view(padded, tuple(kernel), axis=(2, 3))
    seen = seen[:, :, :: strides[0], :: strides[1]].transpose(0, 2, 3, 4, 5, 1)
    return seen.reshape(*seen.shape[:3], -1)


def pair_sums(rows: NDArray[np.uint8], weights: NDArray[np.int8], *, saturate: bool) -> NDArray[np.int64]:
    """Products of rows (m, k) and weights (o, k), (m, o): two by two in 16 bits, the pairs in 32."""
    odd = rows.shape[1] % 2
    a = np.pad(rows.astype(np.int32), ((0, 0), (0, odd))).reshape(len(rows), -1, 2)
    b = np.pad(weights.astype(np.int32), ((0, 0), (0, odd))).reshape(len(weights), -1, 2)
    result = np.empty((len(rows), len(weights)), dtype=np.int64)
    for number, (first, second) in enumerate(zip(b[..., 0], b[..., 1], strict=True)):
        pairs = a[..., 0] * first + a[..., 1] * second
        result[:, number] = (np.clip(pairs, -(2**15), 2**15 - 1) if saturate else pairs).sum(1)
    return result


def with_full_range(model: onnx.ModelProto) -> Any:
    """The same network with weights of eight bits instead of seven: twice as large, at half the scale."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    tensors = {w.name: w for w in result.graph.initializer}
    kernels = {n.input[1] for n in result.graph.node if n.op_type == "Conv"}
    for node in result.graph.node:
        if node.op_type == "DequantizeLinear" and node.output[0] in kernels:
            kernel, scale = (onnx.numpy_helper.to_array(tensors[name]) for name in node.input[:2])
            doubled = np.clip(kernel.astype(np.int16) * 2, -127, 127).astype(np.int8)
            for name, value in zip(node.input, (doubled, (scale / 2).astype(np.float32)), strict=False):
                tensors[name].CopyFrom(onnx.numpy_helper.from_array(value, name))
    return result

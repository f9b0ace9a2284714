"""The weights of convolutions kept in half precision and widened on loading: half the file, the same arithmetic.

A weight is rounded to 11 bits, 5e-4 of itself at most. Everything else, the cosines of the spectrum among it, stays.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

KERNEL_AXES = 4
SUFFIX = ".half"


def packed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every float32 kernel as a float16 one and a Cast.

    Raises:
        ValueError: a kernel holds what float16 cannot.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    casts = []
    for weight in result.graph.initializer:
        if weight.data_type != onnx.TensorProto.FLOAT or len(weight.dims) != KERNEL_AXES:
            continue
        name, kernel = weight.name, numpy_helper.to_array(weight)
        if not np.abs(kernel).max() <= np.finfo(np.float16).max:
            raise ValueError(f"kernel {name} holds weights beyond the range of float16")
        half = kernel.astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(half, name + SUFFIX))
        casts.append(helper.make_node("Cast", [name + SUFFIX], [name], name=f"widen_{name}", to=onnx.TensorProto.FLOAT))
    nodes = list(result.graph.node)
    del result.graph.node[:]
    result.graph.node.extend(casts + nodes)
    return result


def unpacked(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its kernels in float32 again; one that was never packed comes back as it is."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    kept = []
    for node in result.graph.node:
        if not (node.op_type == "Cast" and node.input[0].endswith(SUFFIX)):
            kept.append(node)
            continue
        weight = next(w for w in result.graph.initializer if w.name == node.input[0])
        wide = numpy_helper.to_array(weight).astype(np.float32)
        weight.CopyFrom(numpy_helper.from_array(wide, node.output[0]))
    del result.graph.node[:]
    result.graph.node.extend(kept)
    return result

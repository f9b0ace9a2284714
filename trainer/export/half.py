"""An exported network in half precision, for GPUs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from protocol.input_geometry import Role
from protocol.model_card import ModelCard
from protocol.model_folder import network_name
from trainer.export.acceptance import AcceptanceTest, write_accepted
from trainer.export.weight_packing import unpacked

OVERFLOW_SAMPLES = 4
HALF = onnx.TensorProto.FLOAT16
LARGEST_HALF = 65504 / 4
"""A quarter of what half precision holds, for inputs that are wilder than those looked at."""
LARGEST_WEIGHT = 1e4
"""The converter cuts larger weights down to this, without a word."""


def halve(folder: Path, role: Role, test: AcceptanceTest) -> ModelCard:
    """Write ROLE.fp16.onnx and its card: half-precision weights and activations, inputs and outputs as before.

    Measured on the CPU, where ONNX Runtime widens what has no half-precision kernel.

    Raises:
        ValueError: it costs more than `LARGEST_LOSS_POINTS`, overflows or has too large weights; nothing is written.
    """
    path = folder / network_name(role)
    full = unpacked(onnx.load(path))
    model = onnx.ModelProto()
    model.CopyFrom(full)
    model = convert_float_to_float16(
        model, max_finite_val=LARGEST_WEIGHT, keep_io_types=True, node_block_list=before_logarithms(full)
    )
    _join_casts(model)
    OnnxModel(model).topological_sort()  # the converter puts the outer casts at the end of the list
    onnx.checker.check_model(model)
    _refuse_overflow(path, full, model, test.inputs[0][:OVERFLOW_SAMPLES])
    return write_accepted(folder, role, "fp16", model.SerializeToString(), test)


def before_logarithms(model: onnx.ModelProto) -> list[str]:
    """Nodes that lead to a logarithm, and the logarithms: what is compressed by one has a range that half lacks."""
    makers = {output: node for node in model.graph.node for output in node.output}
    found: dict[str, onnx.NodeProto] = {}
    waiting = [node for node in model.graph.node if node.op_type == "Log"]
    while waiting:
        node = waiting.pop()
        if node.name not in found:
            found[node.name] = node
            waiting += [makers[name] for name in node.input if name in makers]
    return list(found)


def _join_casts(model: onnx.ModelProto) -> None:
    """Between two nodes that stay in single the converter goes down to half and up again: take that out."""
    makers = {output: node for node in model.graph.node for output in node.output}
    instead = {}
    for up in model.graph.node:
        down = makers.get(up.input[0]) if up.op_type == "Cast" else None
        if down is not None and down.op_type == "Cast" and down.attribute[0].i == HALF:
            instead[up.output[0]] = down.input[0]
    for node in model.graph.node:
        node.input[:] = [instead.get(name, name) for name in node.input]
    for _ in range(2):  # first the casts up, then the casts down that only they used
        used = {name for node in model.graph.node for name in node.input} | {o.name for o in model.graph.output}
        for node in [n for n in model.graph.node if n.op_type == "Cast" and n.output[0] not in used]:
            model.graph.node.remove(node)
    del model.graph.value_info[:]  # it names what is no more


def _refuse_overflow(path: Path, full: onnx.ModelProto, half: onnx.ModelProto, inputs: NDArray[np.float32]) -> None:
    """Half precision ends at 65504. A CPU widens it and would not notice, so the values are looked at in single."""
    kept = {
        v.name for v in onnx.shape_inference.infer_shapes(half).graph.value_info if v.type.tensor_type.elem_type == HALF
    }
    # What the network ends with is widened by a cast of the same name, so it is looked at by that name.
    kept |= {name for node in half.graph.node if node.op_type == "Cast" for name in node.output} & {
        output.name for output in half.graph.output
    }
    names = [name for node in full.graph.node for name in node.output if name in kept]
    seen = onnx.ModelProto()
    seen.CopyFrom(full)
    known = {output.name for output in seen.graph.output}
    seen.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names if name not in known
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(seen.SerializeToString(), options, providers=["CPUExecutionProvider"])
    values = session.run(names, {session.get_inputs()[0].name: inputs}) if names else []
    for name, value in zip(names, values, strict=True):
        if (most := float(np.abs(value).max(initial=0.0))) > LARGEST_HALF:
            raise ValueError(f"{path} in fp16 overflows: {name} reaches {most:.3g}, more than {LARGEST_HALF:g}")
    narrow = {weight.name for weight in half.graph.initializer if weight.data_type == HALF}
    for weight in full.graph.initializer:
        if weight.name not in narrow:
            continue
        if (most := float(np.abs(onnx.numpy_helper.to_array(weight)).max(initial=0.0))) > LARGEST_WEIGHT:
            raise ValueError(f"{path} in fp16 would cut weights: {weight.name} holds {most:.3g}, more than 1e4")

"""Does an ONNX file keep weights in other files? Looked at before any runtime opens it, without the onnx package.

The card's hash covers the ONNX file alone. ONNX Runtime and TensorRT would read weights from any file that the network
names beside it, even where they are given the network as bytes: what was measured would not be what computes.

An ONNX file is one protobuf message (https://protobuf.dev/programming-guides/encoding; onnx/onnx.proto). Its fields
are walked here; only the messages that can hold a tensor are entered, so the work is bounded by the file's length.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.edge.errors import EdgeError

CHILDREN: dict[str, dict[int, str]] = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {},
}
"""Of every message that can hold a tensor: field number -> the kind of message in it."""
GRAPH_FIELD = 7
TENSOR_NAME, EXTERNAL_DATA, DATA_LOCATION = 8, 13, 14
"""Fields of a tensor."""
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""
MAX_VARINT_BYTES = 10


def check_self_contained(content: bytes) -> None:
    """Refuse a network that names any other file.

    Raises:
        EdgeError: a tensor of any graph, subgraph or function lies elsewhere, or the bytes are no ONNX file.
    """
    view, has_graph = memoryview(content), False
    # A stack of (kind of message, first byte, end) in place of recursion: depth is the file's choice, not ours.
    waiting = [("Model", 0, len(content))]
    while waiting:
        kind, start, end = waiting.pop()
        name, elsewhere = "", False
        for number, value, first, last in _fields(view, start, end):
            if child := CHILDREN[kind].get(number):
                if first < 0:
                    raise EdgeError(f"this is no ONNX file: field {number} of {kind} is a number, not a message")
                waiting.append((child, first, last))
                has_graph |= kind == "Model" and number == GRAPH_FIELD
            elif kind == "Tensor" and number == TENSOR_NAME and first >= 0:
                name = bytes(view[first:last]).decode("utf-8", "replace")
            elif kind == "Tensor" and (number == EXTERNAL_DATA or (number == DATA_LOCATION and value != 0)):
                elsewhere = True
        if elsewhere:
            raise EdgeError(
                f"its tensor {name!r} lies in another file, which the card's hash does not cover; save the network "
                "with its weights inside"
            )
    if not has_graph:
        raise EdgeError("this is no ONNX file: it holds no graph")


def _fields(view: memoryview, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(field number, its value where it is a number, first and end of its bytes or -1) of a message."""
    at = start
    while at < end:
        key, at = _varint(view, at, end)
        number, wire_type = key >> 3, key & 7
        if wire_type == VARINT:
            value, at = _varint(view, at, end)
            yield number, value, -1, -1
        elif wire_type == BYTES:
            length, at = _varint(view, at, end)
            _refuse_beyond(at + length, end)
            yield number, 0, at, at + length
            at += length
        elif wire_type in (FIXED32, FIXED64):
            at += 4 if wire_type == FIXED32 else 8
            _refuse_beyond(at, end)
            yield number, 0, -1, -1
        else:
            raise EdgeError(f"this is no ONNX file: byte {at} has wire type {wire_type}")


def _varint(view: memoryview, at: int, end: int) -> tuple[int, int]:
    """(a number of seven bits per byte, the lowest first; the position after it)."""
    value = 0
    for shift in range(MAX_VARINT_BYTES):
        _refuse_beyond(at + 1, end)
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, at
    raise EdgeError(f"this is no ONNX file: a number before byte {at} does not end")


def _refuse_beyond(at: int, end: int) -> None:
    if at > end:
        raise EdgeError(f"this is no ONNX file: byte {at} was promised, its message ends at {end}")

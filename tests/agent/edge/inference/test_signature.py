"""A graph has the signature that its card promises, or is refused with what it has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.edge.errors import EdgeError
from agent.edge.inference.signature import Side, check_signature
from tests.fakes import fake_networks

NETWORKS = fake_networks()
Ends = Sequence[tuple[str, Sequence[Side]]]
PATCHES: Ends = [("patches", ["n", 1, 128, 128])]
LOGITS: Ends = [("logits", ["n", 5])]


def test_free_sides_are_whatever_a_backend_writes_for_them() -> None:
    check_signature(Path("x.onnx"), NETWORKS.classifier_card, PATCHES, LOGITS)
    for free in ("h", -1, None):
        check_signature(
            Path("x.onnx"), NETWORKS.detector_card, [("channels", [1, 2, free, free])], [("maps", [1, 3, free, free])]
        )


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        ([("images", ["n", 1, 128, 128])], LOGITS, r"has input and output \('patches', 'logits'\), the graph has"),
        (PATCHES, [*LOGITS, ("more", [1])], "the graph has"),
        ([("patches", ["n", 3, 128, 128])], LOGITS, r"promises inputs of \[1, 128, 128\], the graph takes \[3, 128"),
        ([("patches", ["n", 1, 64, 64])], LOGITS, r"the graph takes \[1, 64, 64\]"),
        (PATCHES, [("logits", ["n", 6])], "the card names 5 classes, the graph has 6"),
    ],
)
def test_another_signature_is_refused(inputs: Ends, outputs: Ends, message: str) -> None:
    with pytest.raises(EdgeError, match=message):
        check_signature(Path("x.onnx"), NETWORKS.classifier_card, inputs, outputs)

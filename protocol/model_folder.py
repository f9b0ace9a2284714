"""The contract of a model folder: what lies in it, under which names, and which of its networks may serve. Pure.

The trainer's export writes such a folder and the agent reads it; neither imports the other, and both import this.

    classifier.onnx       classifier.json       classifier.golden.npz         a full network, its card, its golden file
    classifier.int8.onnx  classifier.int8.json  classifier.int8.golden.npz    a compressed one that was made of it
    detector.onnx         …
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from protocol.errors import ProtocolError
from protocol.input_geometry import Role
from protocol.model_card import ModelCard, Precision

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
FULL: Precision = "fp32"
"""Precision of the network that has no precision in its file name, and that the compressed ones are made of."""

LOSS_MEASURE = "accuracy_loss_points"
"""Measure on a compressed network's card: percentage points that it loses against the network it was made of, on the
held-out set; of the accuracy of a classifier, of the F1 of a detector."""
LARGEST_LOSS_POINTS = 0.5
"""A compressed network that loses more is not exported, and one that says so is not taken for its speed."""
DETECTOR_CLASSES = ("particle", "centre", "border")
"""The three score maps of a detector, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What the graph of every network of a role looks like from outside."""

    input_name: str
    """Of its one input."""
    output_name: str
    """Of its one output."""
    channels: int
    """Of the input."""
    classes: tuple[str, ...] | None
    """Of the output; None: whatever the card names."""


SIGNATURES: dict[Role, Signature] = {
    "detector": Signature(input_name="channels", output_name="maps", channels=2, classes=DETECTOR_CLASSES),
    "classifier": Signature(input_name="patches", output_name="logits", channels=1, classes=None),
}


def stem(role: Role, precision: Precision) -> str:
    """What the names of a network's three files begin with: ``classifier`` or ``classifier.int8``."""
    return role if precision == FULL else f"{role}.{precision}"


def network_name(role: Role, precision: Precision = FULL) -> str:
    """``classifier.int8.onnx``."""
    return f"{stem(role, precision)}.onnx"


def card_name(role: Role, precision: Precision = FULL) -> str:
    """``classifier.int8.json``."""
    return f"{stem(role, precision)}.json"


def golden_name(role: Role, precision: Precision = FULL) -> str:
    """``classifier.int8.golden.npz``."""
    return f"{stem(role, precision)}.golden.npz"


def check_card(card: ModelCard, role: Role, precision: Precision) -> None:
    """Does a card belong where it lies, and promise what every network of its role has?

    Raises:
        ProtocolError: it is the card of another role or precision, or has other channels or classes than its role.
    """
    if card.role != role:
        raise ProtocolError(f"this is the card of a {card.role}, where a {role}'s belongs")
    if card.precision != precision:
        raise ProtocolError(f"this is the card of a network in {card.precision}, where one in {precision} belongs")
    signature = SIGNATURES[role]
    if card.channels != signature.channels:
        raise ProtocolError(f"a {role} takes {signature.channels} channels, the card promises {card.channels}")
    if signature.classes is not None and card.classes != signature.classes:
        raise ProtocolError(f"a {role}'s classes are {signature.classes}, the card names {card.classes}")


def why_not_instead(compressed: ModelCard, full: ModelCard) -> str:
    """Why a compressed network may not serve instead of the full one beside it; empty when it may.

    It may when it was made of that very ONNX file, says that it loses at most `LARGEST_LOSS_POINTS`, and has golden
    outputs by which a machine can be held to it.
    """
    if compressed.made_of_sha256 != full.model_sha256:
        return "it was made of another network than the one beside it"
    for name in ("classes", "geometry", "channels", "temperature", "threshold"):
        ours, theirs = getattr(compressed, name), getattr(full, name)
        if ours != theirs:
            return f"its card says {name} {ours}, that of the network it was made of {theirs}"
    loss_points = compressed.measures.get(LOSS_MEASURE)
    if loss_points is None:
        return f"its card has no {LOSS_MEASURE}"
    if not -100 <= loss_points <= LARGEST_LOSS_POINTS:  # a NaN is refused too
        return f"it loses {loss_points:g} points of accuracy, more than {LARGEST_LOSS_POINTS:g}"
    if not compressed.golden_sha256:
        return "its card has no golden outputs to check it by; make it again with `beamside-train compress`"
    return ""

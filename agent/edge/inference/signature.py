"""Does an opened graph have the signature that its card promises? Asked by every backend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.edge.errors import EdgeError
from protocol.model_card import ModelCard
from protocol.model_folder import SIGNATURES

Side = int | str | None
"""A length, or what a backend writes for one that is free."""


def check_signature(
    path: Path,
    card: ModelCard,
    inputs: Sequence[tuple[str, Sequence[Side]]],
    outputs: Sequence[tuple[str, Sequence[Side]]],
) -> None:
    """Compare names, channels, sides and classes; `inputs` and `outputs` are (name, shape) each.

    Raises:
        EdgeError: they are not what the card says.
    """
    signature = SIGNATURES[card.role]
    promised = (signature.input_name, signature.output_name)
    got = tuple(name for name, _ in (*inputs, *outputs))
    if len(inputs) != 1 or len(outputs) != 1 or got != promised:
        raise EdgeError(f"{path}: a {card.role} has input and output {promised}, the graph has {got}")
    (_, input_shape), (_, output_shape) = inputs[0], outputs[0]
    # A detector takes maps of any size, a classifier patches of one.
    patch_px = card.geometry.patch_px
    sides = [card.channels] if card.role == "detector" else [card.channels, patch_px, patch_px]
    if list(input_shape[1 : 1 + len(sides)]) != sides:
        raise EdgeError(f"{path}: the card promises inputs of {sides}, the graph takes {list(input_shape[1:])}")
    if output_shape[1] != len(card.classes):
        raise EdgeError(f"{path}: the card names {len(card.classes)} classes, the graph has {output_shape[1]}")

"""Does an opened graph keep its card's promise? Asked by every backend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.edge.errors import EdgeError
from protocol.model_card import ModelCard

NAMES = {"detector": ("channels", "maps"), "classifier": ("patches", "logits")}
"""Of input and output."""

Side = int | str | None
"""A length, or what a backend writes for one that is free."""


def check_promise(
    path: Path,
    card: ModelCard,
    inputs: Sequence[tuple[str, Sequence[Side]]],
    outputs: Sequence[tuple[str, Sequence[Side]]],
) -> None:
    """Compare names, channels, sides and classes; `inputs` and `outputs` are (name, shape) each.

    Raises:
        EdgeError: they are not what the card says.
    """
    got = tuple(name for name, _ in (*inputs, *outputs))
    if len(inputs) != 1 or len(outputs) != 1 or got != NAMES[card.role]:
        raise EdgeError(f"{path}: a {card.role} has input and output {NAMES[card.role]}, the graph has {got}")
    (_, taken), (_, given) = inputs[0], outputs[0]
    sides = [card.channels] if card.role == "detector" else [card.channels, card.patch_px, card.patch_px]
    if list(taken[1 : 1 + len(sides)]) != sides:
        raise EdgeError(f"{path}: the card promises inputs of {sides}, the graph takes {list(taken[1:])}")
    if given[1] != len(card.classes):
        raise EdgeError(f"{path}: the card names {len(card.classes)} classes, the graph has {given[1]}")

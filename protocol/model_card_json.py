"""Model card to JSON text and back; cards of before November 2026 are read too."""

from __future__ import annotations

import json
from typing import Any

from protocol.errors import ProtocolError
from protocol.model_card import ModelCard
from protocol.wire.typed import from_plain, to_plain

VERSIONS_BY_NAME = {"first": "1", "second": "2", "third": "3", "fourth": "4"}
"""The models that were released before cards had a version."""


def card_to_json(card: ModelCard) -> str:
    """Indented, keys in the card's order."""
    return json.dumps(to_plain(card), indent=1) + "\n"


def card_from_json(text: str) -> ModelCard:
    """The card of a JSON text.

    Raises:
        ProtocolError: the text is no card; it names the key at fault.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"model card: not JSON ({error})") from error
    return from_plain(ModelCard, _modern(value), "model card")


def _modern(value: Any) -> Any:
    """The keys of an older card under their present names; anything else is left for `from_plain` to judge."""
    if not isinstance(value, dict):
        return value
    card = dict(value)
    # Geometry stood in three keys of the card itself, the preprocessing under the name of normalisation.
    if "geometry" not in card and "normalisation" in card:
        card["preprocessing"] = card.pop("normalisation")
    if "geometry" not in card:
        keys = ("patch_px", "pixel_size_nm", "preprocessing")
        card["geometry"] = {key: card.pop(key) for key in keys if key in card}
    # What is known of a compressed network stood in `extras`, which could hold anything.
    extras = card.pop("extras", {})
    if isinstance(extras, dict):
        if unfit := sorted(extras.keys() - {"precision", "made_of_sha256"}):
            raise ProtocolError(f"model card: extras: unknown keys {', '.join(unfit)}")
        card = {**extras, **card}
    if isinstance(card.get("provenance"), dict):
        card["provenance"] = _modern_provenance(card["provenance"])
    if "version" not in card and card.get("name") in VERSIONS_BY_NAME:
        card["version"] = VERSIONS_BY_NAME[card["name"]]
    return card


def _modern_provenance(value: dict[str, Any]) -> dict[str, Any]:
    """An older card's provenance was a map of texts, in which any key could stand."""
    known = {"run", "commit", "recipes", "mixture", "exit_waves", "date", "steps", "error_level", "notes"}
    result = {key: item for key, item in value.items() if key in known}
    for key, kind in (("exit_waves", int), ("steps", int), ("error_level", float)):
        if isinstance(item := result.get(key), str):
            try:
                result[key] = kind(item)
            except ValueError as error:
                raise ProtocolError(f"model card: provenance.{key}: a number was promised, got {item!r}") from error
    if others := {key: item for key, item in value.items() if key not in known}:
        result["notes"] = {**others, **result.get("notes", {})}
    result.setdefault("run", "")
    return result

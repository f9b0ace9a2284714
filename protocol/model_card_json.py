"""Model card to JSON text and back."""

from __future__ import annotations

import json
import math

from protocol.errors import ProtocolError
from protocol.model_card import ModelCard
from protocol.wire.typed import from_plain, to_plain


def card_to_json(card: ModelCard) -> str:
    """Indented, keys in the card's order."""
    return json.dumps(to_plain(card), indent=1) + "\n"


def card_from_json(text: str) -> ModelCard:
    """Raises ProtocolError naming the key at fault."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ProtocolError(f"model card: not JSON ({error})") from error
    card: ModelCard = from_plain(ModelCard, value, "model card")
    if not card.provenance:
        raise ProtocolError("model card: provenance is empty; a card says what run made its weights")
    if card.role not in ("detector", "classifier"):
        raise ProtocolError(f"model card: role must be detector or classifier, got {card.role!r}")
    if not (card.pixel_size_nm > 0 and card.patch_px > 0 and card.temperature > 0 and 0 <= card.threshold <= 1):
        raise ProtocolError("model card: pixel_size_nm, patch_px, temperature must be positive and threshold 0 to 1")
    if card.golden_sha256 and not 0 < card.golden_tolerance < math.inf:
        raise ProtocolError(
            f"model card: golden outputs need a golden_tolerance above zero, got {card.golden_tolerance!r}"
        )
    return card

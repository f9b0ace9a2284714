"""What the cards of the shipped models say was measured: `python -m tests.bench.cards`."""

from __future__ import annotations

from dataclasses import fields

from agent.edge.inference.model_folder import read_model
from agent.edge.settings import MODELS
from protocol.input_geometry import ROLES
from protocol.model_card import NOT_KNOWN, ModelCard, Provenance
from protocol.model_folder import PRECISIONS, card_name


def main() -> None:
    """A card for each network; a lighter one has the full network's measures on the same data as ``full_…``."""
    for role in ROLES:
        for precision in PRECISIONS:
            if (MODELS / card_name(role, precision)).exists():
                show(precision, read_model(MODELS, role, precision).card)


def show(precision: str, card: ModelCard) -> None:
    print(f"{card.role} {card.name} {precision} {card.model_sha256[:12]}  {said(card.provenance)}")
    numbers = {"temperature": card.temperature, "threshold": card.threshold, "golden_tolerance": card.golden_tolerance}
    for name, value in {**card.measures, **numbers}.items():
        print(f"  {name:44s}{value:12.4f}")


def said(provenance: Provenance) -> dict[str, str]:
    """What a card says of its origin, without what it does not know."""
    values = {f.name: getattr(provenance, f.name) for f in fields(provenance)}
    return {name: str(value) for name, value in values.items() if value not in (None, NOT_KNOWN, (), {})}


if __name__ == "__main__":
    main()

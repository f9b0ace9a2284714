"""What the cards of the shipped models say was measured: `python -m tests.bench.cards`."""

from __future__ import annotations

from agent.edge.inference.model_folder import PRECISIONS, ROLES
from agent.edge.inference.onnx import read_card
from agent.edge.settings import MODELS
from protocol.model_card import ModelCard


def main() -> None:
    """A card for each network; a lighter one has the full network's measures on the same data as ``full_…``."""
    for role in ROLES:
        for precision in PRECISIONS[1:]:
            path = MODELS / (f"{role}.json" if precision == "fp32" else f"{role}.{precision}.json")
            if path.exists():
                show(precision, read_card(path))


def show(precision: str, card: ModelCard) -> None:
    print(f"{card.role} {card.name} {precision} {card.model_sha256[:12]}  {dict(card.provenance)}")
    numbers = {"temperature": card.temperature, "threshold": card.threshold, "golden_tolerance": card.golden_tolerance}
    for name, value in {**card.measures, **numbers}.items():
        print(f"  {name:44s}{value:12.4f}")


if __name__ == "__main__":
    main()

"""What the cards of the shipped models say was measured: `python -m tests.bench.cards`."""

from __future__ import annotations

from agent.edge.onnx import read_card
from agent.edge.settings import MODELS


def main() -> None:
    for role in ("detector", "classifier"):
        card = read_card(MODELS / f"{role}.json")
        print(f"{role} {card.name} {card.model_sha256[:12]}  {dict(card.provenance)}")
        for name, value in {**card.measures, "temperature": card.temperature, "threshold": card.threshold}.items():
            print(f"  {name:44s}{value:12.4f}")


if __name__ == "__main__":
    main()

"""How long a run goes, and how fast it learns meanwhile. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long a run goes; it may be changed when a run is taken up again."""

    steps: int
    decay: int
    """The last so many of them lead the learning rate down to zero along a straight line."""

    def rate(self, step: int, warm_up: int) -> float:
        """Share of the learning rate at a step."""
        return min((step + 1) / max(1, warm_up), (self.steps - step) / max(1, self.decay), 1.0)

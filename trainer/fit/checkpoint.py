"""Networks on disk: weights, averaged weights, optimiser and position, and the configuration. No pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def save(path: Path, state: dict[str, Any]) -> None:
    """Write whole or not at all: a killed run finds the previous checkpoint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    torch.save(state, unfinished)
    unfinished.replace(path)


def load(path: Path) -> dict[str, Any]:
    """Tensors and plain values only (`weights_only`).

    Raises:
        ValueError: the file is no checkpoint of ours.
    """
    state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict) or "config" not in state:
        raise ValueError(f"{path} is no checkpoint of beamside-train")
    return state

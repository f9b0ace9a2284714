"""Networks on disk: weights, averaged weights, optimiser and position, configuration and training data. No pickle."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from protocol.errors import ProtocolError
from protocol.input_geometry import InputGeometry, Role
from protocol.wire.typed import from_plain, to_plain
from trainer.data.description import LegacyWarning
from trainer.data.geometry import LEGACY_GEOMETRY


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """What a network was given, as its checkpoint says it and its card will."""

    geometry: InputGeometry
    """Of its inputs."""
    recipes: tuple[str, ...] = ()
    """Digests of the recipes of exit waves behind the data, those of the weights it began with among them."""
    mixtures: tuple[str, ...] = ()
    """Identity of every mixture or dataset that it was trained on, the earliest first."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Write whole or not at all: a killed run finds the previous checkpoint.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    torch.save(state, unfinished)
    unfinished.replace(path)


def load(path: Path) -> dict[str, Any]:
    """Tensors and plain values only (`weights_only`).

    Raises:
        ValueError: the file is no checkpoint of ours.
        OSError: it cannot be read.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    # What torch raises depends on where a file ceases to be one: cut short, empty, of another kind, with code in it.
    except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is no checkpoint of beamside-train, or was cut short") from error
    if not isinstance(state, dict) or not isinstance(state.get("config"), dict):
        raise ValueError(f"{path} is no checkpoint of beamside-train")
    # Checkpoints of before November 2026 have the older name of one setting.
    if "steps_a_shard" in state["config"]:
        state["config"]["steps_per_shard"] = state["config"].pop("steps_a_shard")
    return state


def plain_data(data: TrainingData) -> Any:
    """Training data as a checkpoint holds them."""
    return to_plain(data)


def training_data(path: Path, state: dict[str, Any]) -> TrainingData:
    """What a checkpoint says of its data.

    Warns of a checkpoint that says nothing: the geometry of before November 2026 is taken for it.

    Raises:
        ValueError: what it says cannot be understood.
    """
    role: Role = state["config"]["role"]
    if "data" not in state:
        geometry = LEGACY_GEOMETRY.of(role)
        warnings.warn(
            f"{path} does not say its geometry and is taken for a checkpoint of before November 2026: {geometry}",
            LegacyWarning,
            stacklevel=2,
        )
        return TrainingData(geometry=geometry)
    try:
        data: TrainingData = from_plain(TrainingData, state["data"], "training data")
    except ProtocolError as error:
        raise ValueError(f"{path}: {error}") from error
    return data

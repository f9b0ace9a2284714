"""Every compressed network of a model folder that keeps its accuracy: half precision for GPUs, 8 bits for CPUs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.core.calibration import probabilities
from protocol.input_geometry import ROLES, Role
from protocol.model_card import ModelCard, Precision
from protocol.model_folder import golden_name, network_name, stem
from trainer.data.dataset import Patches, read_maps, read_patches
from trainer.data.description import describe
from trainer.evaluation.predictions import envelope
from trainer.export.acceptance import BATCH, AcceptanceTest, frames_of, map_acceptance, patch_acceptance
from trainer.export.card import read_full_card
from trainer.export.golden import renew_golden, telling_maps, telling_patches
from trainer.export.half import halve
from trainer.export.int8 import quantise
from trainer.export.runtime import runner

COMPRESSED: tuple[Precision, ...] = ("fp16", "int8")
"""What is tried, in this order."""
CALIBRATION_PATCHES = 512
CALIBRATION_FRAMES = 64


def compress_folder(folder: Path, train: Sequence[Path], held_out: Sequence[Path]) -> list[str]:
    """Write every compressed network that is accepted; a line about each, what it costs or why it was refused.

    Compressed files of an earlier network are removed, and the full networks get golden files where they were exported
    without.

    Args:
        folder: the model folder that `beamside-train export` wrote.
        train: shards whose samples set the ranges of activations.
        held_out: shards that neither training nor calibration has seen, to accept by.

    Raises:
        ValueError: a dataset is empty, or was cut with another geometry than a network's card says.
        OSError: a file is missing or cannot be written.
    """
    for shards in (train, held_out):
        _refuse_other_geometry(folder, shards)
    seen = read_patches(train[:1]).patches[:CALIBRATION_PATCHES].astype(np.float32)[:, None]
    unseen = read_patches(held_out)
    stated = envelope(unseen.metadata)  # the conditions that the full network's card speaks of
    acceptance: dict[Role, AcceptanceTest] = {
        "classifier": patch_acceptance(unseen.patches[stated][:, None], unseen.metadata["label"][stated]),
        "detector": map_acceptance(held_out),
    }
    calibration: dict[Role, list[NDArray[np.float32]]] = {
        "classifier": [seen[n : n + BATCH] for n in range(0, len(seen), BATCH)],
        "detector": frames_of(train[:1])[:CALIBRATION_FRAMES],
    }
    # Compressed networks are checked by the full network's golden inputs, so these come first.
    for role in acceptance:
        if not (folder / golden_name(role)).exists():
            renew_golden(folder, role, _telling(folder, role, unseen, held_out))
    lines = []
    for role, test in acceptance.items():
        for precision in COMPRESSED:
            for old in folder.glob(f"{stem(role, precision)}.*"):
                old.unlink()
            try:
                card = _compressed(folder, role, precision, calibration[role], test)
            except ValueError as error:
                lines.append(f"refused: {error}")
            else:
                measures = ", ".join(f"{name} {value:g}" for name, value in card.measures.items())
                lines.append(f"{network_name(role, precision)}: {measures}")
    return lines


def _compressed(
    folder: Path, role: Role, precision: Precision, calibration: list[NDArray[np.float32]], test: AcceptanceTest
) -> ModelCard:
    return halve(folder, role, test) if precision == "fp16" else quantise(folder, role, calibration, test)


def _refuse_other_geometry(folder: Path, shards: Sequence[Path]) -> None:
    """Compare a dataset with the cards of the networks that it is to be given to.

    Raises:
        ValueError: it was cut with another geometry than a network of the folder takes.
    """
    geometry = describe(shards).geometry
    for role in ROLES:
        if (promised := read_full_card(folder, role).geometry) != geometry.of(role):
            raise ValueError(f"{folder}: the {role} takes {promised}, {shards[0].parent} holds {geometry.of(role)}")


def _telling(folder: Path, role: Role, unseen: Patches, held_out: Sequence[Path]) -> NDArray[np.float32]:
    """Golden inputs (n, c, h, w) for a folder that was exported without them."""
    if role == "detector":
        return telling_maps(read_maps(held_out[:1]))
    run = runner((folder / network_name("classifier")).read_bytes())
    patches = unseen.patches.astype(np.float32)[:, None]
    logits = np.concatenate([run(patches[n : n + BATCH]) for n in range(0, len(patches), BATCH)])
    return telling_patches(unseen.patches, unseen.metadata["label"], probabilities(logits.astype(np.float64), 1.0))

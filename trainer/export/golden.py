"""Golden files: what a network answers where it is made, so that every other machine can be held to it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from protocol.golden import Golden, golden_from_bytes, golden_to_bytes
from protocol.input_geometry import Role
from protocol.model_card import ModelCard
from protocol.model_folder import golden_name, network_name
from trainer.data.dataset import Maps
from trainer.export.card import read_full_card, write_card
from trainer.export.runtime import Run, runner

DOUBTFUL_PER_CLASS = 1
SURE_PER_CLASS = 1
GOLDEN_FRAMES, GOLDEN_MAP_PX = 3, 80
"""Of a detector; the side divides by 8, and every held-out frame is as large."""


def with_golden(folder: Path, run: Run, inputs: NDArray[np.floating], card: ModelCard) -> ModelCard:
    """Write a network's golden file into a model folder; returns the card that promises it.

    Args:
        folder: the model folder.
        run: the network, on ONNX Runtime's CPU provider.
        inputs: (n, c, h, w), rounded to half precision before the network sees them.
    """
    rounded = np.asarray(inputs).astype(np.float16).astype(np.float32)
    golden = Golden(inputs=rounded, outputs=np.concatenate([run(one[None]) for one in rounded]))
    content = golden_to_bytes(golden)
    (folder / golden_name(card.role, card.precision)).write_bytes(content)
    return replace(
        card, golden_sha256=hashlib.sha256(content).hexdigest(), golden_tolerance=round(card.largest_tolerance, 6)
    )


def golden_inputs(folder: Path, role: Role) -> NDArray[np.float32]:
    """The golden inputs (n, c, h, w) of a folder's full network.

    Raises:
        OSError: there is no golden file.
        ProtocolError: it is damaged.
    """
    return golden_from_bytes((folder / golden_name(role)).read_bytes()).inputs


def renew_golden(folder: Path, role: Role, inputs: NDArray[np.floating]) -> ModelCard:
    """Write golden file and card of a full network anew, for folders that were exported without one.

    Args:
        folder: the model folder.
        role: of the network.
        inputs: (n, c, h, w).

    Raises:
        OSError: network or card is missing.
        ProtocolError: the card is damaged.
    """
    run = runner((folder / network_name(role)).read_bytes())
    return write_card(folder, with_golden(folder, run, inputs, read_full_card(folder, role)))


def telling_patches(
    patches: NDArray[np.floating], labels: NDArray[np.integer], p: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Of every class the patch that is answered most surely and the one most in doubt: (n, 1, side, side).

    A machine that computes wrongly shows it on the doubtful ones first; the sure ones show what saturates.

    Args:
        patches: (m, side, side).
        labels: (m,), the index of each one's class; below 0 where it has none.
        p: (m, k) probabilities.
    """
    chosen: list[int] = []
    for number in range(p.shape[1]):
        own = np.flatnonzero(labels == number)
        order = own[np.argsort(p[own].max(1), kind="stable")]
        chosen += [*order[:DOUBTFUL_PER_CLASS], *order[len(order) - SURE_PER_CLASS :]]
    return np.asarray(patches[np.unique(chosen)][:, None], dtype=np.float32)


def telling_maps(maps: Maps) -> NDArray[np.float32]:
    """The middle of the frames that hold most particle: (n, 2, side, side)."""
    cut = []
    for number in np.argsort(-maps.targets[:, 0].astype(np.int64).sum((1, 2)), kind="stable")[:GOLDEN_FRAMES]:
        corner = np.maximum(maps.valid[number] - GOLDEN_MAP_PX, 0) // 2
        y, x = (slice(int(c), int(c) + GOLDEN_MAP_PX) for c in corner)
        cut.append(maps.channels[number, :, y, x])
    return np.stack(cut).astype(np.float32)

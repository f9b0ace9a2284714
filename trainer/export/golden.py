"""Golden files: what a network answers where it is made, so that every other machine can be held to it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from protocol.golden import Golden, golden_from_bytes, golden_to_bytes
from protocol.model_card import ModelCard
from protocol.model_card_json import card_from_json, card_to_json
from trainer.data.dataset import Maps
from trainer.export.runtime import Run, runner

MOST_CHANGE = 0.02
"""A machine is believed whose own arithmetic moves no probability by more. Of the shipped networks, half precision
moves logits by 0.005, a fifth of what this allows; saturating sums move the detector's probabilities by 0.06."""
MOST_CHANGE_8_BIT = 0.08
"""The same for the logits of an 8-bit classifier. Whoever rounds its 256 levels at other places is right as well and
moves logits by 0.05 (tests/saturating.py), half of what this allows; saturating sums move them by 0.76."""
DOUBTFUL_PER_CLASS = 1
SURE_PER_CLASS = 1
GOLDEN_FRAMES, GOLDEN_MAP_PX = 3, 80
"""Of a detector; the side divides by 8, and every held-out frame is as large."""


def golden_path(network: Path) -> Path:
    """``classifier.int8.onnx`` -> ``classifier.int8.golden.npz``."""
    return network.with_suffix(".golden.npz")


def with_golden(network: Path, run: Run, inputs: NDArray[np.floating], card: ModelCard) -> ModelCard:
    """Write the golden file beside a network; returns the card that promises it.

    Args:
        network: the ONNX file, written already.
        run: it, on ONNX Runtime's CPU provider.
        inputs: (n, c, h, w), rounded to half precision before the network sees them.
    """
    rounded = np.asarray(inputs).astype(np.float16).astype(np.float32)
    golden = Golden(inputs=rounded, outputs=np.concatenate([run(one[None]) for one in rounded]))
    content = golden_to_bytes(golden)
    golden_path(network).write_bytes(content)
    return replace(card, golden_sha256=hashlib.sha256(content).hexdigest(), golden_tolerance=round(tolerance(card), 6))


def tolerance(card: ModelCard) -> float:
    """The largest change of an output that moves no probability by more than is allowed.

    A detector's outputs are probabilities. Of a classifier, logits that change by up to t move a probability p of
    softmax(z / T) by at most p (1 - p) 2 t / T, which is t / (2 T) where it is largest.
    """
    if card.role == "detector":
        return MOST_CHANGE
    return 2 * card.temperature * (MOST_CHANGE_8_BIT if card.extras.get("precision") == "int8" else MOST_CHANGE)


def golden_inputs(network: Path) -> NDArray[np.float32]:
    """The inputs of the golden file beside a network. Raises OSError when there is none, ProtocolError when damaged."""
    return golden_from_bytes(golden_path(network).read_bytes()).inputs


def renew_golden(network: Path, inputs: NDArray[np.floating]) -> ModelCard:
    """Write golden file and card of a full-precision network anew, for folders that were exported without one.

    Raises:
        OSError: network or card is missing.
        ProtocolError: the card is damaged.
    """
    path = network.with_suffix(".json")
    card = with_golden(network, runner(network.read_bytes()), inputs, card_from_json(path.read_text(encoding="utf-8")))
    path.write_text(card_to_json(card), encoding="utf-8")
    return card


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

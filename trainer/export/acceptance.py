"""What every compressed network is held to on data that neither training nor calibration has seen, and its card."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agent.core.calibration import probabilities
from agent.core.config import SegmentationConfig
from protocol.input_geometry import Role
from protocol.model_card import ModelCard, Precision
from protocol.model_folder import LARGEST_LOSS_POINTS, LOSS_MEASURE, network_name
from trainer.data.dataset import read_maps
from trainer.evaluation.calibration import expected_calibration_error
from trainer.evaluation.detection import detector_measures
from trainer.export.card import read_full_card, refuse_non_numbers, write_card
from trainer.export.golden import golden_inputs, with_golden
from trainer.export.runtime import Run, runner

MOST_NAMED_CHANGE_POINTS = 1.0
"""A network that names more or fewer particles than its card's threshold was chosen for is another instrument."""
MOST_CALIBRATION_LOSS = 0.005
BATCH = 32
COMPARED_FRAMES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceTest:
    """What a compressed network is measured on: data that neither training nor calibration has seen."""

    inputs: Sequence[NDArray[np.float32]]
    """Batches whose outputs are compared."""
    measures: Callable[[Run, ModelCard], dict[str, float]]
    """Accuracy of a classifier or F1 of a detector first, 0 to 1; then what else is measured."""
    samples: int
    """Behind the measures."""


def patch_acceptance(patches: NDArray[np.floating], labels: NDArray[np.integer]) -> AcceptanceTest:
    """For classifiers: patches (n, 1, p, p) and the index of each one's class."""
    batches = [patches[n : n + BATCH].astype(np.float32) for n in range(0, len(patches), BATCH)]

    def measures(run: Run, card: ModelCard) -> dict[str, float]:
        p = probabilities(np.concatenate([run(batch) for batch in batches]).astype(np.float64), card.temperature)
        right, named = p.argmax(1) == labels, p.max(1) >= card.threshold
        return {
            "accuracy": float(right.mean()),
            "expected_calibration_error": expected_calibration_error(p, labels),
            "named": float(named.mean()),
            "wrong_of_named": float((~right[named]).mean()) if named.any() else 0.0,
        }

    return AcceptanceTest(inputs=batches, measures=measures, samples=len(labels))


def map_acceptance(shards: Sequence[Path]) -> AcceptanceTest:
    """For detectors: F1 and mask IoU on the frames of held-out shards, at the card's threshold of the particle map."""
    frames = frames_of(shards)

    def measures(run: Run, card: ModelCard) -> dict[str, float]:
        found = detector_measures(_AsNetwork(run), shards, SegmentationConfig(threshold=card.threshold), card.geometry)
        return {name: found[name] for name in ("f1", "mask_iou")}

    return AcceptanceTest(inputs=frames[:COMPARED_FRAMES], measures=measures, samples=len(frames))


class _AsNetwork(nn.Module):
    """A detector's probabilities as the logits that `trainer.evaluation.predictions` expects."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def forward(self, channels: Tensor) -> Tensor:
        """Logits (1, 3, h, w)."""
        return torch.logit(torch.from_numpy(self._run(channels.numpy())), eps=1e-6)


def frames_of(shards: Sequence[Path]) -> list[NDArray[np.float32]]:
    """(1, 2, h, w) each, without the padding of the dataset but with sides that divide by 8."""
    data = read_maps(shards)
    sides = [tuple(-(-int(n) // 8) * 8 for n in valid) for valid in data.valid]
    return [c[None, :, :h, :w].astype(np.float32) for c, (h, w) in zip(data.channels, sides, strict=True)]


def write_accepted(folder: Path, role: Role, precision: Precision, network: bytes, test: AcceptanceTest) -> ModelCard:
    """Measure a compressed network of ROLE.onnx; if accepted, write ROLE.PRECISION.onnx, its card and golden file.

    The card has every measure twice: its own, and that of the full network on the same data as ``full_…``.

    Raises:
        ValueError: it costs more than `LARGEST_LOSS_POINTS`, changes confidence or naming rate, or measures what is
            no number; nothing is written.
        OSError: ROLE.onnx has no card or golden file beside it.
    """
    full_path = folder / network_name(role)
    card = read_full_card(folder, role)
    full, compressed = runner(full_path.read_bytes()), runner(network)
    before, after = test.measures(full, card), test.measures(compressed, card)
    _refuse_loss(f"{full_path} in {precision}", before, after)
    made = replace(
        card,
        model_sha256=hashlib.sha256(network).hexdigest(),
        measures={
            LOSS_MEASURE: _points(before, after, next(iter(before))),
            **{name: round(value, 4) for name, value in after.items()},
            **{f"full_{name}": round(value, 4) for name, value in before.items()},
            "samples": float(test.samples),
            **_differences(full, compressed, test.inputs),
        },
        precision=precision,
        made_of_sha256=card.model_sha256,
    )
    refuse_non_numbers(role, made.measures)
    inputs = golden_inputs(folder, role)
    (folder / network_name(role, precision)).write_bytes(network)
    return write_card(folder, with_golden(folder, compressed, inputs, made))


def _refuse_loss(what: str, before: dict[str, float], after: dict[str, float]) -> None:
    first = next(iter(before))
    if not (loss_points := _points(before, after, first)) <= LARGEST_LOSS_POINTS:
        raise ValueError(
            f"{what} loses {loss_points:g} points ({before[first]:.4f} to {after[first]:.4f}), "
            f"more than {LARGEST_LOSS_POINTS:g}"
        )
    if "named" not in before:
        return
    if not abs(change_points := _points(before, after, "named")) <= MOST_NAMED_CHANGE_POINTS:
        raise ValueError(
            f"{what} names {after['named']:.4f} where the full network names {before['named']:.4f}: "
            f"{abs(change_points):g} points, more than {MOST_NAMED_CHANGE_POINTS:g}"
        )
    error = "expected_calibration_error"
    if not after[error] - before[error] <= MOST_CALIBRATION_LOSS:
        raise ValueError(f"{what} raises the calibration error from {before[error]:.4f} to {after[error]:.4f}")


def _points(before: dict[str, float], after: dict[str, float], name: str) -> float:
    return round(100 * (before[name] - after[name]), 3)


def _differences(full: Run, compressed: Run, inputs: Sequence[NDArray[np.float32]]) -> dict[str, float]:
    """How far outputs are apart, and how often the answer is the same: the class of a patch, above 0.5 in a map."""
    pairs = [(full(batch), compressed(batch)) for batch in inputs]
    apart = np.concatenate([np.abs(a - b).ravel() for a, b in pairs])
    answers = [tuple(x.argmax(1) if x.ndim == 2 else x > 0.5 for x in pair) for pair in pairs]
    same = np.concatenate([(a == b).ravel() for a, b in answers])
    return {
        "largest_difference": round(float(apart.max()), 5),
        "mean_difference": round(float(apart.mean()), 6),
        "same_answers": round(float(same.mean()), 5),
    }

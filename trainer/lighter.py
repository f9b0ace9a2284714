"""What every lighter network is held to: a judge that has seen neither, and a card that says what was lost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from protocol.model_card import ModelCard
from protocol.model_card_json import card_from_json, card_to_json
from trainer.bank import read_maps
from trainer.evaluate import detector_measures

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A network as a function of a batch."""

MOST_LOSS_POINTS = 0.5
BATCH = 32
COMPARED_FRAMES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What a lighter network is measured on: data that neither training nor calibration has seen."""

    inputs: Sequence[NDArray[np.float32]]
    """Batches whose outputs are compared."""
    score: Callable[[Run], float]
    """Accuracy of a classifier, F1 of a detector, 0 to 1."""
    samples: int
    """Behind the score."""


def patch_judge(patches: NDArray[np.floating], labels: NDArray[np.integer]) -> Judge:
    """For classifiers: patches (n, 1, p, p) and the index of each one's class."""
    batches = [patches[n : n + BATCH].astype(np.float32) for n in range(0, len(patches), BATCH)]

    def score(run: Run) -> float:
        return float(np.mean(np.concatenate([run(batch).argmax(1) for batch in batches]) == labels))

    return Judge(inputs=batches, score=score, samples=len(labels))


def map_judge(shards: Sequence[Path], threshold: float) -> Judge:
    """For detectors: F1 on the frames of held-out shards at a threshold of the particle map."""
    frames = frames_of(shards)
    return Judge(
        inputs=frames[:COMPARED_FRAMES],
        score=lambda run: detector_measures(_AsNetwork(run), shards, threshold)["f1"],
        samples=len(frames),
    )


class _AsNetwork(nn.Module):
    """A detector's probabilities as the logits that `trainer.evaluate` expects."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def forward(self, channels: Tensor) -> Tensor:
        """Logits (1, 3, h, w)."""
        return torch.logit(torch.from_numpy(self._run(channels.numpy())), eps=1e-6)


def frames_of(shards: Sequence[Path]) -> list[NDArray[np.float32]]:
    """(1, 2, h, w) each, without the padding of the bank but with sides that divide by 8."""
    data = read_maps(shards)
    sides = [tuple(-(-int(n) // 8) * 8 for n in valid) for valid in data.valid]
    return [c[None, :, :h, :w].astype(np.float32) for c, (h, w) in zip(data.channels, sides, strict=True)]


def finish(folder: Path, role: str, precision: str, network: bytes, judge: Judge) -> ModelCard:
    """Judge a lighter network of ROLE.onnx, then write ROLE.PRECISION.onnx and its card.

    Raises:
        ValueError: it costs more than `MOST_LOSS_POINTS`; nothing is written.
    """
    full_path = folder / f"{role}.onnx"
    card = card_from_json(full_path.with_suffix(".json").read_text(encoding="utf-8"))
    full, light = runner(full_path.read_bytes()), runner(network)
    before, after = judge.score(full), judge.score(light)
    loss_points = round(100 * (before - after), 3)
    if not loss_points <= MOST_LOSS_POINTS:
        raise ValueError(
            f"{full_path} in {precision} loses {loss_points:g} points ({before:.4f} to {after:.4f}), "
            f"more than {MOST_LOSS_POINTS:g}"
        )
    made = replace(
        card,
        model_sha256=hashlib.sha256(network).hexdigest(),
        measures={
            "accuracy_loss_points": loss_points,
            ("accuracy" if role == "classifier" else "f1"): round(after, 4),
            "samples": float(judge.samples),
            **_differences(full, light, judge.inputs),
        },
        extras={**card.extras, "precision": precision, "made_of_sha256": card.model_sha256},
    )
    path = folder / f"{role}.{precision}.onnx"
    path.write_bytes(network)
    path.with_suffix(".json").write_text(card_to_json(made), encoding="utf-8")
    return made


def _differences(full: Run, light: Run, inputs: Sequence[NDArray[np.float32]]) -> dict[str, float]:
    """How far outputs are apart, and how often the answer is the same: the class of a patch, above 0.5 in a map."""
    pairs = [(full(batch), light(batch)) for batch in inputs]
    apart = np.concatenate([np.abs(a - b).ravel() for a, b in pairs])
    answers = [tuple(x.argmax(1) if x.ndim == 2 else x > 0.5 for x in pair) for pair in pairs]
    same = np.concatenate([(a == b).ravel() for a, b in answers])
    return {
        "largest_difference": round(float(apart.max()), 5),
        "mean_difference": round(float(apart.mean()), 6),
        "same_answers": round(float(same.mean()), 5),
    }


def runner(network: bytes, threads: int = 0) -> Run:
    """An ONNX file's content as a function, on ONNX Runtime's CPU provider."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {name: batch})[0], dtype=np.float32)

    return run

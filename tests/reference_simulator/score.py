"""A classifier's answers to the reference simulator's images, with intervals. Needs neither abTEM nor ASE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.core.calibration import probabilities
from agent.core.statistics.prevalence import wilson
from agent.edge.inference.model_folder import read_model
from agent.edge.inference.onnx import load_network
from agent.edge.inference.processor import this_processor
from trainer.data.dataset import Patches, read_patches, shards_of
from trainer.evaluation.calibration import calibration_error_by_chance, expected_calibration_error, fit_temperature
from trainer.evaluation.metrics import fused_views
from trainer.evaluation.predictions import envelope, logits_of
from trainer.evaluation.selective import accuracy_on_surest, coverage_at
from trainer.fit.train import trained

CLASSES = ("cube", "octahedron", "truncated_octahedron", "decahedron", "icosahedron")
"""What the labels of the dataset number (`solids.CLASSES`)."""
BATCH = 64
DOSE_E_PER_A2 = 300.0
VIEWS = 2

Logits = NDArray[np.float64]
Labels = NDArray[np.integer[Any]]


def report(classifier: Path, dataset: Path, calibration: Path | None, precision: str = "fp32") -> Iterator[str]:
    """Lines that say how good a checkpoint (.pt) or a network of a model folder, of some precision, is on a dataset.

    Raises:
        ValueError: a dataset is empty, or the classifier does not know the five classes.
        EdgeError: the model folder cannot be opened.
    """
    shards = shards_of(dataset)
    data = read_patches(shards)
    logits, order, temperature, said_by = answers(classifier, data, calibration, precision)
    labels = order[data.metadata["label"]]
    kind = f" in {precision} on {this_processor().instruction_set}" if classifier.is_dir() else ""
    yield f"{classifier}{kind} on {dataset}: {len(labels)} images of {len(np.unique(data.metadata['wave']))} particles"
    yield f"over {len(shards)} films; temperature {temperature:.3f} {said_by}"
    p = probabilities(logits, temperature)
    yield from measures(p, {**data.metadata, "label": labels}, order)
    if classifier.is_dir():
        yield from naming(p, labels, read_model(classifier, "classifier").card.threshold)


def answers(
    classifier: Path, data: Patches, calibration: Path | None, precision: str
) -> tuple[Logits, Labels, float, str]:
    """(logits (n, k), the classifier's number of each of `CLASSES`, temperature, where that is from)."""
    if classifier.is_dir():
        file = read_model(classifier, "classifier", precision)
        card = file.card
        run = load_network(file, "CPUExecutionProvider", threads=1)
        inputs = data.patches.astype(np.float32)[:, None]
        parts = [run(inputs[n : n + BATCH]) for n in range(0, len(inputs), BATCH)]
        return np.concatenate(parts).astype(np.float64), numbers(card.classes), card.temperature, "of its card"
    found = trained(classifier)
    network, config = found.network, found.config
    order = numbers(config.classes)
    logits = logits_of(network, data.patches)
    if calibration is None:
        return logits, order, 1.0, "(none fitted: no --calibration)"
    held_out = read_patches(shards_of(calibration))
    chosen = envelope(held_out.metadata)
    temperature = fit_temperature(logits_of(network, held_out.patches[chosen]), held_out.metadata["label"][chosen])
    return logits, order, temperature, f"fitted on {int(chosen.sum())} images of {calibration}"


def numbers(classes: Sequence[str]) -> Labels:
    """The classifier's number of each of `CLASSES`. Raises ValueError when it has other ones."""
    if sorted(classes) != sorted(CLASSES):
        raise ValueError(f"the dataset has {', '.join(CLASSES)}; the classifier has {', '.join(classes)}")
    return np.array([list(classes).index(name) for name in CLASSES])


def measures(p: NDArray[np.float64], metadata: dict[str, NDArray[Any]], order: Labels) -> Iterator[str]:
    """Lines of accuracy, calibration, coverage and confusion of probabilities (n, k)."""
    labels, right = metadata["label"], p.argmax(1) == metadata["label"]
    enough = metadata["dose_e_per_a2"] >= DOSE_E_PER_A2
    yield share("accuracy", right)
    yield share(f"  at {DOSE_E_PER_A2:.0f} e/A^2 and more", right[enough])
    for name, number in zip(CLASSES, order, strict=True):
        yield share(f"  {name}", right[labels == number])
    for name in sorted(set(metadata["element"])):
        yield share(f"  {name}", right[metadata["element"] == name])
    fused, fused_labels = fused_views(p, metadata, VIEWS, np.random.default_rng(0))
    yield share(f"two images of a particle fused ({len(fused)} particles)", fused.argmax(1) == fused_labels)
    for name, chosen in (("", np.full(len(labels), True)), (f", at {DOSE_E_PER_A2:.0f} e/A^2 and more", enough)):
        yield from sureness(name, p[chosen], labels[chosen])
    yield from confusion(p, labels, order)


def naming(p: NDArray[np.float64], labels: Labels, threshold: float) -> Iterator[str]:
    """What a user is shown at the card's threshold."""
    named = p.max(1) >= threshold
    yield share(f"named at the card's threshold of {threshold:g}", named)
    yield share("  of these, wrong", (p.argmax(1) != labels)[named])


def sureness(name: str, p: NDArray[np.float64], labels: Labels) -> Iterator[str]:
    """Calibration and risk against coverage."""
    by_chance = calibration_error_by_chance(p, np.random.default_rng(0))
    yield f"calibration error{name}  {expected_calibration_error(p, labels):.3f}   (by chance {by_chance:.3f})"
    yield f"accuracy on the surest 70 %{name}  {100 * accuracy_on_surest(p, labels, 0.7):.1f} %"
    answered = "   ".join(f"{100 * a:.0f} %: {100 * coverage_at(p, labels, a):.1f} %" for a in (0.90, 0.95, 0.99))
    yield f"answered at accuracy{name}  {answered}"


def share(name: str, right: NDArray[np.bool_]) -> str:
    """A share with Wilson's 95 % interval, as if images were independent."""
    low, high = wilson(float(right.sum()), len(right))
    reached = 100 * right.mean() if len(right) else float("nan")
    return f"{name:54s}{reached:6.1f} %   ({100 * low:.1f} to {100 * high:.1f} %, {len(right)})"


def confusion(p: NDArray[np.float64], labels: Labels, order: Labels) -> Iterator[str]:
    """True class by answer, in images."""
    yield f"{'true class':24s}" + "".join(f"{name[:12]:>14s}" for name in CLASSES)
    said = p.argmax(1)
    for name, number in zip(CLASSES, order, strict=True):
        row = [int(((labels == number) & (said == other)).sum()) for other in order]
        yield f"{name:24s}" + "".join(f"{n:14d}" for n in row)

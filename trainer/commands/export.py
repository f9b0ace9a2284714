"""The verb `export`: checkpoints to a model folder, calibrated and measured on the held-out dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from agent.core.config import AnalysisConfig
from protocol.input_geometry import Role
from protocol.model_card import NOT_KNOWN, Provenance
from trainer.data.dataset import read_maps, read_patches, shards_of
from trainer.data.description import ShardDescription, describe
from trainer.evaluation.calibration import confusion_counts
from trainer.evaluation.detection import detector_measures
from trainer.evaluation.metrics import accuracy_of, class_accuracy, classifier_measures, fused_views
from trainer.evaluation.predictions import evaluate
from trainer.export.card import commit_of, date_text
from trainer.export.golden import telling_maps, telling_patches
from trainer.export.onnx import export_classifier, export_detector
from trainer.fit.train import Trained, trained


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """Which checkpoints become which model."""

    classifier: Path
    """Checkpoint of the classifier."""
    dataset: Path
    """The held-out dataset."""
    out: Path
    """The model folder."""
    name: str
    """Of the model, on its cards."""
    made_by: str
    """The script of trainer/runs that made the weights."""
    exit_waves: int
    """Number of distinct exit waves that training has seen."""
    version: str = ""
    """Of a released model, as ``5``; empty for what is not released."""
    detector: Path | None = None
    """Checkpoint of the detector; without it the detector in `out` stays as it is."""
    error_level: float = 0.10
    """Of the answers that name a class, kept with 95 % trust."""
    detector_threshold: float = 0.5
    """Of the detector's particle map."""


def export(plan: ExportPlan) -> dict[str, float]:
    """Write the model folder; returns everything that was measured on the way, by name.

    Raises:
        ValueError: a checkpoint or the dataset is not one, they differ in geometry or classes, or ONNX Runtime does not
            agree with the network.
        OSError: something cannot be read or written.
    """
    held_out = describe(shards_of(plan.dataset))
    provenance = Provenance(
        run=plan.made_by,
        commit=commit_of(Path(__file__)),
        exit_waves=plan.exit_waves,
        date=date_text(datetime.now(UTC)),
    )
    # Both checkpoints are compared with the dataset before anything is written.
    classifier = _checked(plan.classifier, "classifier", held_out)
    detector = None if plan.detector is None else _checked(plan.detector, "detector", held_out)
    measures = _export_classifier(plan, provenance, classifier)
    if detector is not None:
        measures |= _export_detector(plan, provenance, detector)
    return measures


def _checked(path: Path, role: Role, held_out: ShardDescription) -> Trained:
    """A checkpoint whose network takes what the held-out dataset holds.

    Raises:
        ValueError: it is of another role, takes another geometry or names other classes.
    """
    found = trained(path)
    if found.config.role != role:
        raise ValueError(f"{path} is the checkpoint of a {found.config.role}, a {role}'s was promised")
    given = held_out.geometry.of(role)
    if found.data.geometry != given:
        raise ValueError(f"{path} was trained on {found.data.geometry}, the held-out dataset is of {given}")
    if role == "classifier" and held_out.classes and held_out.classes != found.config.classes:
        raise ValueError(
            f"{path} names the classes {', '.join(found.config.classes)}, the held-out dataset numbers "
            f"{', '.join(held_out.classes)}"
        )
    return found


def _of_data(provenance: Provenance, found: Trained) -> Provenance:
    """Provenance with what the checkpoint says of its training."""
    return replace(
        provenance,
        recipes=found.data.recipes,
        mixture="; ".join(found.data.mixtures) or NOT_KNOWN,
        steps=found.steps,
    )


def _export_classifier(plan: ExportPlan, provenance: Provenance, found: Trained) -> dict[str, float]:
    network, config = found.network, found.config
    held_out = read_patches(shards_of(plan.dataset))
    predictions = evaluate(network, held_out, len(config.classes), plan.error_level)
    # What the card says is measured on the test split only: temperature and threshold were set on the other one.
    p, metadata = predictions.test_split()
    measures = classifier_measures(p, metadata)
    measures |= {f"recall_{k}": v for k, v in class_accuracy(p, metadata["label"], config.classes).items()}
    measures["accuracy_two_images"] = accuracy_of(*fused_views(p, metadata, 2, np.random.default_rng(0)))
    counts = confusion_counts(p, metadata["label"], predictions.threshold, metadata["wave"])
    export_classifier(
        network,
        config.classes,
        found.data.geometry,
        plan.out,
        golden=telling_patches(held_out.patches, held_out.metadata["label"], predictions.p),
        name=plan.name,
        version=plan.version,
        provenance=replace(_of_data(provenance, found), error_level=plan.error_level),
        measures=measures,
        temperature=predictions.temperature,
        threshold=predictions.threshold,
        confusion=tuple(tuple(round(float(n), 2) for n in row) for row in counts),
    )
    return measures | {"temperature": predictions.temperature, "threshold": predictions.threshold}


def _export_detector(plan: ExportPlan, provenance: Provenance, found: Trained) -> dict[str, float]:
    measures = detector_measures(
        found.network,
        shards_of(plan.dataset),
        AnalysisConfig().segmentation(plan.detector_threshold),
        found.data.geometry,
    )
    export_detector(
        found.network,
        found.data.geometry,
        plan.out,
        golden=telling_maps(read_maps(shards_of(plan.dataset)[:1])),
        name=plan.name,
        version=plan.version,
        provenance=_of_data(provenance, found),
        measures=measures,
        threshold=plan.detector_threshold,
    )
    return measures

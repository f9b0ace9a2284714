"""Both networks over everything that the report speaks of: the held-out dataset, probe images, frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from agent.core.calibration import probabilities
from protocol.input_geometry import DatasetGeometry
from simulator.recipe import WaveRecipe
from trainer.data.dataset import Patches, read_patches, shards_of
from trainer.data.geometry import RENDER_GEOMETRY
from trainer.evaluation import controlled, frames
from trainer.evaluation.controlled import HeldOut
from trainer.evaluation.frames import DOSE_BANDS, Comparison
from trainer.evaluation.predictions import Answered, Predictions, envelope, evaluate, logits_of
from trainer.evaluation.probe_images import SEED, ProbeImages, probe_images
from trainer.fit.train import trained


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPlan:
    """What is measured, and how much of it."""

    classifier: Path
    """Checkpoint of the classifier."""
    detector: Path
    """Checkpoint of the detector."""
    dataset: Path
    """The held-out dataset."""
    store: Path
    """The store of exit waves behind it."""
    cache: Path
    """Folder for the images that ask no network: they are rendered once."""
    real: Path | None = None
    """Folder of real frames with hand masks."""
    vacuum: Path | None = None
    """A stack of real vacuum."""
    reference: Path | None = None
    """A dataset of another simulator."""
    learning: Path = Path("trainer/learning_curve.jsonl")
    """The learning curve that training runs have left."""
    error_level: float = 0.10
    """Of the answers, which the threshold is chosen for."""
    particles: int = 200
    """Number of held-out particles behind controlled experiments and frames."""
    out_of_distribution: int = 100
    """Patches in a set of out-of-distribution inputs."""
    frames: int = 12
    """Composed frames per dose band."""
    silver: int = 10
    """Frames of the published table."""
    populations: int = 200
    """Populations of each kind and size."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """Everything that the sections draw from."""

    plan: ReportPlan
    """What was asked for."""
    classes: tuple[str, ...]
    """k names."""
    steps: tuple[int, int]
    """Of the training of classifier and detector."""
    predictions: Predictions
    """On the held-out dataset."""
    held_out: HeldOut
    """Particles and films of the probe images."""
    probes: ProbeImages
    """Patches of controlled experiments."""
    network: nn.Module
    """The classifier."""
    detector: nn.Module
    """The detector."""
    out_of_distribution: Mapping[str, NDArray[np.float64]]
    """Logits (n, k) by the name of the set."""
    by_band: Mapping[tuple[float, float], Comparison]
    """Composed frames by their band of doses in e/Å²."""
    uncorrected: Comparison
    """Composed frames by a microscope without a corrector."""
    real: Comparison | None
    """Real frames with hand masks."""
    vacuum: Mapping[float, Comparison]
    """Real vacuum by the pixel size in nm that it is taken for."""
    reference: Answered | None
    """Another simulator's images."""

    def answered(self, patches: Patches) -> Answered:
        """Calibrated probabilities (n, k) of patches, and their metadata."""
        return probabilities(logits_of(self.network, patches.patches), self.predictions.temperature), patches.metadata


def measure(plan: ReportPlan) -> Measured:
    """Run the networks over everything.

    Raises:
        ValueError: something named in the plan is not what it should be.
        OSError: something named in the plan is not there.
    """
    classifier_checkpoint, detector_checkpoint = trained(plan.classifier), trained(plan.detector)
    network, config, detector = classifier_checkpoint.network, classifier_checkpoint.config, detector_checkpoint.network
    geometry = DatasetGeometry(
        detector=detector_checkpoint.data.geometry, classifier=classifier_checkpoint.data.geometry
    )
    if geometry != RENDER_GEOMETRY:
        raise ValueError(f"the report's images are made with {RENDER_GEOMETRY}; the networks take {geometry}")
    held_out = controlled.held_out_particles(plan.store, plan.particles)
    check_classes(config.classes, held_out.recipe)
    probes = probe_images(held_out, plan.cache, out_of_distribution=plan.out_of_distribution, silver=plan.silver)
    predictions = evaluate(network, read_patches(shards_of(plan.dataset)), len(config.classes), plan.error_level)
    networks = frames.networks_of(
        network, config.classes, detector, predictions.temperature, predictions.threshold, geometry
    )

    def in_band(band: tuple[float, float], *, uncorrected: bool = False) -> Comparison:
        composed = frames.composed_frames(held_out, band, plan.frames, SEED, uncorrected=uncorrected)
        return frames.compared(networks, composed)

    vacuum = {
        pixel_nm: frames.compared(networks, frames.vacuum_frames(plan.vacuum, pixel_nm))
        for pixel_nm in frames.VACUUM_PIXELS_NM
        if plan.vacuum is not None
    }
    return Measured(
        plan=plan,
        classes=config.classes,
        steps=(classifier_checkpoint.steps, detector_checkpoint.steps),
        predictions=predictions,
        held_out=held_out,
        probes=probes,
        network=network,
        detector=detector,
        out_of_distribution={name: logits_of(network, patches) for name, patches in probes.out_of_distribution.items()},
        by_band={band: in_band(band) for band in DOSE_BANDS},
        uncorrected=in_band(DOSE_BANDS[2], uncorrected=True),
        real=None if plan.real is None else frames.compared(networks, frames.real_frames(plan.real)),
        vacuum=vacuum,
        reference=None if plan.reference is None else _reference(network, plan.reference, predictions.temperature),
    )


def check_classes(classes: tuple[str, ...], recipe: WaveRecipe) -> None:
    """Raises ValueError when the network's classes are not the store's, in the same order."""
    if classes != recipe.shapes:
        raise ValueError(f"the classifier knows {', '.join(classes)}, the store holds {', '.join(recipe.shapes)}")


def _reference(network: nn.Module, dataset: Path, temperature: float) -> Answered:
    held_out = read_patches(shards_of(dataset))
    chosen = envelope(held_out.metadata)
    metadata = {key: column[chosen] for key, column in held_out.metadata.items()}
    return probabilities(logits_of(network, held_out.patches[chosen]), temperature), metadata

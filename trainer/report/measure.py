"""Both networks over everything that the report speaks of: a held-out bank, controlled sights, frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from agent.core.calibration import probabilities
from simulator.recipe import WaveRecipe
from trainer.data.dataset import Patches, read_patches, shards_of
from trainer.evaluation import controlled as studies
from trainer.evaluation import frames as report_frames
from trainer.evaluation.controlled import Material
from trainer.evaluation.frames import DOSE_BANDS, Comparison
from trainer.evaluation.predictions import Judgement, envelope, judge, logits_of
from trainer.evaluation.probe_images import SEED, Sights, sights
from trainer.fit.train import trained


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured, and how much of it."""

    classifier: Path
    detector: Path
    bank: Path
    stock: Path
    cache: Path
    """Folder for what is rendered and asks no network."""
    real: Path | None = None
    """Real frames with hand masks."""
    vacuum: Path | None = None
    """A stack of real vacuum."""
    second: Path | None = None
    """A bank of another simulator."""
    learning: Path = Path("trainer/learning_curve.jsonl")
    error_level: float = 0.10
    particles: int = 200
    """Held-out particles behind studies and frames."""
    strange: int = 100
    frames: int = 12
    """Composed frames a dose band."""
    silver: int = 10
    populations: int = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """Everything that the sections draw from."""

    plan: Plan
    classes: tuple[str, ...]
    steps: tuple[int, int]
    judged: Judgement
    of: Material
    seen: Sights
    network: nn.Module
    detector: nn.Module
    strange: Mapping[str, NDArray[np.float64]]
    by_band: Mapping[tuple[float, float], Comparison]
    uncorrected: Comparison
    real: Comparison | None
    vacuum: Mapping[float, Comparison]
    second: tuple[NDArray[np.float64], dict[str, NDArray[Any]]] | None

    def answered(self, patches: Patches) -> tuple[NDArray[np.float64], dict[str, NDArray[Any]]]:
        """Calibrated probabilities (n, k) of patches, and their rows."""
        return probabilities(logits_of(self.network, patches.patches), self.judged.temperature), patches.rows


def measure(plan: Plan) -> Measured:
    """Run the networks over everything.

    Raises:
        OSError, ValueError: something named in the plan is not there or is not what it should be.
    """
    network, config, classifier_steps = trained(plan.classifier)
    detector, _, detector_steps = trained(plan.detector)
    of = studies.material(plan.stock, plan.particles)
    check_classes(config.classes, of.recipe)
    seen = sights(of, plan.cache, strange=plan.strange, silver=plan.silver)
    judged = judge(network, read_patches(shards_of(plan.bank)), len(config.classes), plan.error_level)
    engine = report_frames.engine_of(network, config.classes, detector, judged.temperature, judged.threshold)

    def composed(band: tuple[float, float], *, uncorrected: bool = False) -> Comparison:
        frames = report_frames.composed_frames(of, band, plan.frames, SEED, uncorrected=uncorrected)
        return report_frames.compared(engine, frames)

    vacuum = {
        pixel_nm: report_frames.compared(engine, report_frames.vacuum_frames(plan.vacuum, pixel_nm))
        for pixel_nm in report_frames.VACUUM_PIXELS_NM
        if plan.vacuum is not None
    }
    return Measured(
        plan=plan,
        classes=config.classes,
        steps=(classifier_steps, detector_steps),
        judged=judged,
        of=of,
        seen=seen,
        network=network,
        detector=detector,
        strange={name: logits_of(network, patches) for name, patches in seen.strange.items()},
        by_band={band: composed(band) for band in DOSE_BANDS},
        uncorrected=composed(DOSE_BANDS[2], uncorrected=True),
        real=None if plan.real is None else report_frames.compared(engine, report_frames.real_frames(plan.real)),
        vacuum=vacuum,
        second=None if plan.second is None else _second(network, plan.second, judged.temperature),
    )


def check_classes(classes: tuple[str, ...], recipe: WaveRecipe) -> None:
    """Raises ValueError when the network's classes are not the stock's, in the same order."""
    if classes != recipe.shapes:
        raise ValueError(f"the classifier knows {', '.join(classes)}, the stock holds {', '.join(recipe.shapes)}")


def _second(network: nn.Module, bank: Path, temperature: float) -> tuple[NDArray[np.float64], dict[str, NDArray[Any]]]:
    held_out = read_patches(shards_of(bank))
    chosen = envelope(held_out.rows)
    rows = {key: column[chosen] for key, column in held_out.rows.items()}
    return probabilities(logits_of(network, held_out.patches[chosen]), temperature), rows

"""Everything that a report draws from, made by hand for two classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from simulator.exit_waves.simulate import ParticleWave
from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_envelope, read_waves
from tests.simulator.tiny import write_tiny
from tests.trainer.known_predictions import metadata_of, predictions_of
from trainer.data.dataset import Patches
from trainer.evaluation.controlled import HeldOut
from trainer.evaluation.frames import DOSE_BANDS, Comparison
from trainer.evaluation.predictions import logits_of
from trainer.evaluation.probe_images import FRAMES, ProbeImages
from trainer.evaluation.published_unets import SilverFrames
from trainer.report import classification
from trainer.report.measure import Measured, ReportPlan

CLASSES = ("cube", "icosahedron")


def disc(radius: float = 12, size: int = 40, squash: float = 1.0) -> NDArray[np.bool_]:
    y, x = np.mgrid[:size, :size] - size / 2 + 0.5
    return np.asarray(np.hypot(y * squash, x) < radius)


def recipe(folder: Path) -> WaveRecipe:
    return read_waves(write_tiny(folder))


def wave(index: int) -> ParticleWave:
    """Cubes are narrow and icosahedra round."""
    return ParticleWave(
        index=index,
        wave=np.ones((40, 40), dtype=np.complex64),
        mask=disc(squash=1.8 if index % 2 == 0 else 1.0),
        shape=CLASSES[index % 2],
        element="Au",
        energy_kev=200.0,
        diameter_nm=1.8,
        depth_nm=1.0,
        zone_angle_deg=3.0,
        quaternion=np.array([1.0, 0, 0, 0]),
    )


def material(folder: Path | None = None) -> HeldOut:
    """Six held-out particles; sixty of training, all of one size."""
    shipped = Path(classification.__file__).parents[2] / "simulator" / "recipes" / "task.toml"
    waves = tuple(wave(n) for n in range(6))
    return HeldOut(
        recipe=read_waves(shipped) if folder is None else recipe(folder),
        envelope=read_envelope(shipped),
        waves=waves,
        films=(),
        training_masks=tuple(w.mask for w in waves) * 10,
        training_classes_and_diameters=tuple((w.index % 2, w.diameter_nm) for w in waves) * 10,
    )


def patches(labels: list[int], waves: list[int] | None = None) -> Patches:
    """Bright ones are icosahedra."""
    held = np.zeros((len(labels), 8, 8), dtype=np.float16)
    held[np.array(labels) == 1] = 1
    return Patches(patches=held, metadata=metadata_of(labels, waves, zone_deg=7.0, diameter_nm=4.0))


class Brightness(torch.nn.Module):
    """Bright patches are icosahedra, by 0.98."""

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        by = 8 * batch.mean((1, 2, 3)) - 4
        return torch.stack([-by / 2, by / 2], 1)


class Nothing(torch.nn.Module):
    """A detector that sees no particle."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return torch.full((len(maps), 3, *maps.shape[2:]), -20.0)


def measured(folder: Path, **changes: Any) -> Measured:
    labels = [0, 0, 1, 1] * 20
    held_out = patches(labels, [n // 2 for n in range(80)])
    logits = logits_of(Brightness(), held_out.patches)
    predictions = predictions_of(
        np.exp(logits) / np.exp(logits).sum(1, keepdims=True), held_out.metadata, np.arange(80) < 40
    )
    views = patches([0, 1] * FRAMES, [0, 1] * FRAMES)
    none = Comparison(
        frames=1,
        counted=2,
        found=2,
        false=1,
        union_iou=(0.9,),
        instance_iou=(0.9, 0.4),
        centre_error_nm=(0.1, 0.2),
        diameter_error_nm=(0.1, -0.1),
        volume_diameter_error_nm=(0.3, 0.3),
        answers=(("cube", "cube"), ("cube", "unknown")),
    )
    each: dict[Any, Patches] = {1.0: patches(labels), 10.0: patches(labels)}
    silver = SilverFrames(
        counts=np.random.default_rng(1).poisson(50, (1, 5, 96, 96)).astype(np.uint16),
        their_mask=np.zeros((1, 96, 96), dtype=bool),
        our_mask=disc(20, 96)[None],
    )
    unfamiliar = {"vacuum": np.zeros((4, 2)), "gold": np.array([[5.0, 0.0]])}
    values: dict[str, Any] = {
        "plan": ReportPlan(
            **dict.fromkeys(("classifier", "detector", "dataset", "store", "cache"), folder), populations=2
        ),
        "classes": CLASSES,
        "steps": (1900, 900),
        "predictions": predictions,
        "held_out": material(folder),
        "probes": ProbeImages(
            dose=each,
            focus=each,
            pixel=each,
            aperture=each,
            film={"none": patches(labels)},
            ladder={"as drawn": patches(labels)},
            refocused=views,
            repeated=views,
            out_of_distribution={},
            silver=silver,
        ),
        "network": Brightness(),
        "detector": Nothing(),
        "out_of_distribution": unfamiliar,
        "by_band": dict.fromkeys(DOSE_BANDS, none),
        "uncorrected": none,
        "real": None,
        "vacuum": {},
        "reference": None,
    }
    return Measured(**{**values, **changes})

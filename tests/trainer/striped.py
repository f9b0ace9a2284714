"""A dataset that tiny networks learn in seconds: stripes of two periods."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from protocol.model_folder import DETECTOR_CLASSES
from trainer.data.dataset import shard_path, write_shard
from trainer.data.description import KEY, ShardDescription
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.data.samples import NO_CLASS, Samples
from trainer.fit.distributed import Process
from trainer.fit.train import FitConfig

CLASSES = ("up", "down")
DESCRIPTION = ShardDescription(geometry=LEGACY_GEOMETRY, classes=CLASSES, recipe_digest="ab12", seed=7)
ALONE = Process(rank=0, processes=1, device=torch.device("cpu"))


def striped(count: int, rng: np.random.Generator) -> Samples:
    """Patches of stripes whose period says the class, and maps of a square."""
    samples = Samples()
    x = np.arange(128)
    for number in range(count):
        label = number % 2
        wave = np.sin(2 * np.pi * x / (4, 9)[label] + rng.uniform(0, 6))[None] + rng.normal(0, 0.3, (128, 1))
        samples.patches.append(np.asarray(wave, dtype=np.float16))
        row = dict.fromkeys(
            ("diameter_nm", "zone_deg", "film_nm", "defocus_nm", "c3_nm", "dose_e_per_a2", "pixel_size_nm"), 1.0
        )
        samples.metadata.append({**row, "label": label if number else NO_CLASS, "wave": number, "element": "Au"})
        square = np.zeros((3, 16, 24 + 8 * (number % 2)), dtype=np.uint8)
        square[:, 4:9, 4:12] = 255
        samples.targets.append(square)
        samples.channels.append(np.repeat(square[:1], 2, 0).astype(np.float16) / 255)
    return samples


def write_striped(folder: Path, shards: int = 3, description: ShardDescription = DESCRIPTION) -> Path:
    """A dataset of stripes in a folder, which is given back."""
    for number in range(shards):
        write_shard(shard_path(folder, number), striped(24, np.random.default_rng(number)), description)
    return folder


def forget_description(path: Path) -> None:
    """Make of a shard one of before November 2026, which said nothing of itself."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name != KEY}
    np.savez(path, **arrays)


def config(role: str = "classifier", **other: object) -> FitConfig:
    """A short run on three shards."""
    values: dict[str, object] = {
        "role": role,
        "classes": DETECTOR_CLASSES if role == "detector" else CLASSES,
        "batch": 8,
        "learning_rate": 3e-3,
        "shards": 3,
        "window": 2,
        "start_shards": 1,
        "steps_per_shard": 2,
        "averaging": 0.8,
        "warm_up": 2,
        **other,
    }
    return FitConfig(**values)  # type: ignore[arg-type]

"""What a detector finds on the maps of a dataset, with a network that sees exactly what is drawn into its input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from agent.core.config import SegmentationConfig
from trainer.data.dataset import shard_path, write_shard
from trainer.data.description import ShardDescription
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.data.samples import Samples
from trainer.evaluation.detection import detector_measures

GEOMETRY = LEGACY_GEOMETRY.detector
HALF = SegmentationConfig(threshold=0.5)
SIDE_PX = 60
"""No multiple of 8: the stored channels are padded, as live ones are, and the targets are not."""


class Seeing(torch.nn.Module):
    """Particle and centre where its first channel is one, and no border; sides that do not divide are refused."""

    def forward(self, channels: torch.Tensor) -> torch.Tensor:
        assert channels.shape[2] % GEOMETRY.patch_px == channels.shape[3] % GEOMETRY.patch_px == 0
        drawn = 20 * channels[:, 0] - 10
        return torch.stack([drawn, drawn, torch.full_like(drawn, -10)], 1)


def discs(*centres_px: tuple[int, int], radius_px: float = 8) -> NDArray[np.bool_]:
    """(SIDE_PX, SIDE_PX): discs of 3.8 nm in diameter at 0.24 nm."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    return np.any([np.hypot(y - cy, x - cx) < radius_px for cy, cx in centres_px], axis=0)


def dataset(folder: Path, *frames: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> list[Path]:
    """A shard of frames (what the network will see, what is true)."""
    samples = Samples()
    for seen, true in frames:
        padding = -SIDE_PX % GEOMETRY.patch_px
        samples.channels.append(np.pad(np.stack([seen, seen]), [(0, 0), (0, padding), (0, padding)]).astype(np.float16))
        samples.targets.append(np.stack([true, true, np.zeros_like(true)]).astype(np.uint8) * 255)
    path = shard_path(folder, 0)
    write_shard(path, samples, ShardDescription(geometry=LEGACY_GEOMETRY))
    return [path]


def test_what_is_seen_where_it_is_has_no_error(tmp_path: Path) -> None:
    mask = discs((15, 15), (40, 40))
    shards = dataset(tmp_path, (mask, mask))
    found = detector_measures(Seeing(), shards, HALF, GEOMETRY)
    assert found == {"frames": 1, "particles": 2, "f1": 1, "mask_iou": 1}


def test_a_missed_and_a_false_particle_count_alike(tmp_path: Path) -> None:
    """Frame one: one of two found. Frame two: one found that is none, at a place without particles."""
    shards = dataset(
        tmp_path, (discs((15, 15)), discs((15, 15), (40, 40))), (discs((15, 15), (40, 40)), discs((15, 15)))
    )
    found = detector_measures(Seeing(), shards, HALF, GEOMETRY)
    # Two hits, three found, three true; each mask overlaps its truth by one disc of two.
    assert (found["f1"], found["mask_iou"]) == (pytest.approx(4 / 6, abs=1e-4), 0.5)


def test_a_centre_beyond_half_the_true_diameter_is_no_hit(tmp_path: Path) -> None:
    near, far = (
        detector_measures(Seeing(), dataset(tmp_path / str(n), (discs((20, 20 + n)), discs((20, 20)))), HALF, GEOMETRY)
        for n in (7, 9)
    )
    assert (near["f1"], far["f1"]) == (1, 0)


def test_diameters_are_bounded_as_live_ones_are(tmp_path: Path) -> None:
    mask = discs((15, 15), (40, 40))
    shards = dataset(tmp_path, (mask, mask))
    small = replace(HALF, largest_nm=3.0)
    assert detector_measures(Seeing(), shards, small, GEOMETRY)["f1"] == 0
    # At twice the pixel size the same discs are 7.7 nm wide.
    coarse = replace(GEOMETRY, pixel_size_nm=0.48)
    assert detector_measures(Seeing(), shards, replace(HALF, smallest_nm=5.0), coarse)["f1"] == 1
    assert detector_measures(Seeing(), shards, replace(HALF, smallest_nm=5.0), GEOMETRY)["f1"] == 0

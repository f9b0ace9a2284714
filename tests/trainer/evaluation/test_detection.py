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


def test_frames_without_a_particle_alone_have_nothing_to_find(tmp_path: Path) -> None:
    """The mean of no overlaps is NaN, which no card may promise."""
    empty = np.zeros((SIDE_PX, SIDE_PX), dtype=bool)
    with pytest.raises(ValueError, match="none of 2 held-out frames has a particle"):
        detector_measures(Seeing(), dataset(tmp_path, (empty, empty), (discs((15, 15)), empty)), HALF, GEOMETRY)


def test_a_frame_without_a_particle_costs_what_is_found_in_it_and_no_overlap(tmp_path: Path) -> None:
    mask, empty = discs((15, 15)), np.zeros((SIDE_PX, SIDE_PX), dtype=bool)
    quiet = detector_measures(Seeing(), dataset(tmp_path / "a", (mask, mask), (empty, empty)), HALF, GEOMETRY)
    loud = detector_measures(Seeing(), dataset(tmp_path / "b", (mask, mask), (mask, empty)), HALF, GEOMETRY)
    assert quiet == {"frames": 2, "particles": 1, "f1": 1, "mask_iou": 1}
    # One hit, two found, one true.
    assert loud == {"frames": 2, "particles": 1, "f1": pytest.approx(2 / 3, abs=1e-4), "mask_iou": 1}


def test_the_order_of_the_frames_does_not_matter(tmp_path: Path) -> None:
    frames = [(discs((15, 15)), discs((15, 15), (40, 40))), (discs((20, 23)), discs((20, 20)))]
    there, back = (
        detector_measures(Seeing(), dataset(tmp_path / name, *order), HALF, GEOMETRY)
        for name, order in (("there", frames), ("back", frames[::-1]))
    )
    assert there == back


@pytest.mark.parametrize(("bordered", "true", "f1"), [(True, 2, 1.0), (False, 1, 2 / 3)])
def test_bodies_are_parted_where_the_border_map_says_so(bordered: bool, true: int, f1: float, tmp_path: Path) -> None:
    """Two discs that touch, which segmentation parts by their shape: right where the truth has a border, else one of
    them is false."""
    mask = discs((20, 20), (20, 34))
    border = np.zeros_like(mask)
    border[:, 26:29] = mask[:, 26:29] & bordered
    samples = Samples()
    samples.channels.append(np.pad(np.stack([mask, mask]), [(0, 0), (0, 4), (0, 4)]).astype(np.float16))
    samples.targets.append(np.stack([mask, mask, border]).astype(np.uint8) * 255)
    write_shard(shard_path(tmp_path, 0), samples, ShardDescription(geometry=LEGACY_GEOMETRY))
    found = detector_measures(Seeing(), [shard_path(tmp_path, 0)], HALF, GEOMETRY)
    assert found["particles"] == true
    assert found["f1"] == pytest.approx(f1, abs=1e-4)
    assert found["mask_iou"] == 1

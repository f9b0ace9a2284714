"""What a detector finds on a dataset's maps: F1 by centres, and the overlap of the particle mask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label
from torch import nn

from agent.core.config import SegmentationConfig
from agent.core.segmentation import segment
from protocol.input_geometry import InputGeometry
from trainer.data.dataset import Maps, read_maps
from trainer.evaluation.matching import matched

HALF = 127
"""Targets are stored as 0 to 255: above this a pixel belongs to a particle."""
BORDER = 90
"""From this value on a stored border parts two particles."""


def detector_measures(
    network: nn.Module,
    shards: Sequence[Path],
    config: SegmentationConfig,
    geometry: InputGeometry,
) -> dict[str, float]:
    """F1 by centres (within half the true diameter, one match each) and the mean IoU of the particle mask.

    Particles are cut out of the maps by the function and the configuration that are served.

    Args:
        network: maps in (1, 2, h, w) to logits (1, 3, h, w) of particle, centre and border.
        shards: of the held-out dataset.
        config: threshold and diameters, as live analysis has them.
        geometry: of the network's input: pixel size of the maps, divisor of their sides.

    Raises:
        ValueError: there are no shards, or no frame of them has a particle.
        OSError: a shard cannot be read.
    """
    data = read_maps(shards)
    hits = found = true = 0
    overlaps: list[float] = []
    for number in range(len(data.channels)):
        height, width = (int(n) for n in data.valid[number])
        particles = _true_particles(data, number, config.smallest_nm / geometry.pixel_size_nm)
        # The padding of the dataset goes, but the sides must divide as they do live.
        padded = (-(-n // geometry.patch_px) * geometry.patch_px for n in (height, width))
        rows, columns = (slice(n) for n in padded)
        channels = data.channels[number, :, rows, columns].astype(np.float32)
        with torch.inference_mode():
            maps = torch.sigmoid(network(torch.from_numpy(channels)[None]))[0].numpy()
        outlines = segment(maps, 1.0, geometry.pixel_size_nm, (height, width), config)
        # Every pair of centres counts as one hit; what is left on either side is a false or a missed particle.
        centres_px = [(o.y_px, o.x_px) for o in outlines]
        reach_px = [diameter_px / 2 for _, diameter_px in particles]
        hits += len(matched(centres_px, [centre_px for centre_px, _ in particles], reach_px))
        found, true = found + len(outlines), true + len(particles)
        # The mask is compared pixel by pixel, whether or not its particles were parted.
        drawn = maps[0, :height, :width] > config.threshold
        real = data.targets[number, 0, :height, :width] > HALF
        if real.any():
            overlaps.append(float((drawn & real).sum() / (drawn | real).sum()))
    if not overlaps:
        raise ValueError(f"none of {len(data.channels)} held-out frames has a particle: there is nothing to find")
    return {
        "frames": float(len(data.channels)),
        "particles": float(true),
        "f1": round(2 * hits / max(found + true, 1), 4),
        "mask_iou": round(float(np.mean(overlaps)), 4),
    }


def _true_particles(data: Maps, number: int, smallest_px: float) -> list[tuple[NDArray[np.float64], float]]:
    """(centre (2,), diameter) of the true particles of a sample, in map pixels: bodies parted by their borders."""
    height, width = data.valid[number]
    particle, _, border = data.targets[number, :, :height, :width]
    parted, _ = label((particle > HALF) & (border < BORDER))
    found = []
    for instance, box in enumerate(find_objects(parted), start=1):
        inside_px = np.argwhere(parted[box] == instance)
        diameter_px = 2 * float(np.sqrt(len(inside_px) / np.pi))
        if diameter_px >= smallest_px:
            corner_px = np.array([box[0].start, box[1].start])
            found.append((inside_px.mean(0) + corner_px, diameter_px))
    return found

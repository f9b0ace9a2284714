"""Where an outline lies: of hand masks, of ours, and of the simulator's truth, against the grey level's edge.

    python -m tests.bench.outlines FOLDER --dataset data/bank/dull

The edge is where the mean grey, as a function of the distance from an outline, is half way between particle and
surroundings; distances are positive outside. FOLDER holds images/ and masks/ of real frames, `--dataset` the detector's
samples of a simulated stock, whose outlines are those of the outermost atoms.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from skimage.draw import polygon2mask
from torch import nn

from agent.core.config import AnalysisConfig
from agent.core.pipeline import analyse
from agent.edge.inference.backend import load_networks
from agent.edge.settings import MODELS
from trainer.data.dataset import read_maps, shards_of
from trainer.evaluation.frames import REAL_PIXEL_NM, real_frames
from trainer.fit.train import trained

MAP_PIXEL_NM = 0.24
REACH_NM = 0.9
STEP_NM = 0.12
LEAST_CONTRAST = 1.0
"""Of a simulated frame, in spreads of its background: paler particles have no edge to speak of."""


def from_outline_nm(mask: NDArray[np.bool_], pixel_nm: float) -> NDArray[np.float64]:
    """(h, w): distance of each pixel's centre from the mask's outline, negative inside."""
    inside, outside = distance_transform_edt(mask), distance_transform_edt(~mask)
    return np.asarray(np.where(mask, 0.5 - inside, outside - 0.5) * pixel_nm)


def half_way_nm(distance_nm: NDArray[np.float64], values: NDArray[np.floating], low: float, high: float) -> float:
    """Distance at which the mean of the values first reaches the middle of `low` and `high`, from inside."""
    edges = np.arange(-REACH_NM, REACH_NM + STEP_NM / 2, STEP_NM)
    which = np.digitize(distance_nm.ravel(), edges)
    count = np.bincount(which, minlength=len(edges) + 1)[1:-1]
    mean = np.bincount(which, values.ravel(), minlength=len(edges) + 1)[1:-1] / np.maximum(count, 1)
    at, mean = (edges[:-1] + STEP_NM / 2)[count > 0], mean[count > 0]
    share = (mean - low) / (high - low)
    beyond = np.flatnonzero(share >= 0.5)
    if not len(beyond) or beyond[0] == 0:
        return float("nan")
    n = int(beyond[0])
    return float(np.interp(0.5, share[n - 1 : n + 1], at[n - 1 : n + 1]))


def real(folder: Path) -> Iterator[tuple[float, float]]:
    """(where the grey's edge lies, where our outlines lie), both from the hand masks, of each frame."""
    networks = load_networks(MODELS, prefer="onnxruntime-cpu")
    for frame, instances in real_frames(folder):
        mask = np.any([b.mask for b in instances], axis=0)
        distance_nm = from_outline_nm(mask, REAL_PIXEL_NM)
        grey = frame.pixels.astype(np.float64)
        inside, around = np.median(grey[distance_nm < -0.5]), np.median(grey[distance_nm > 1.0])
        particles = analyse(frame, networks, AnalysisConfig()).particles
        drawn = [polygon2mask(frame.shape_px, particle.outline_px) for particle in particles]
        found = ~np.any(drawn, axis=0)
        yield half_way_nm(distance_nm, grey, inside, around), half_way_nm(distance_nm, found, 0.0, 1.0)


def simulated(dataset: Path, network: Path | None) -> Iterator[tuple[float, float]]:
    """The same from the true outlines; our outlines are NaN without a network."""
    maps = read_maps(shards_of(dataset)[:2])
    detector = trained(network).network if network else None
    for channels, targets, (height, width) in zip(maps.channels, maps.targets, maps.valid, strict=True):
        mask = targets[0, :height, :width] > 127
        grey = channels[0, :height, :width].astype(np.float64)
        distance_nm = from_outline_nm(mask, MAP_PIXEL_NM)
        deep, far = distance_nm < -0.6, distance_nm > 1.0
        if deep.sum() < 20 or far.sum() < 100:
            continue
        inside, around = np.median(grey[deep]), np.median(grey[far])
        if inside > around - LEAST_CONTRAST:
            continue
        yield half_way_nm(distance_nm, grey, inside, around), _ours(detector, channels, distance_nm)


def _ours(detector: nn.Module | None, channels: NDArray[np.float16], distance_nm: NDArray[np.float64]) -> float:
    if detector is None:
        return float("nan")
    with torch.inference_mode():
        body = torch.sigmoid(detector(torch.from_numpy(channels[None].astype(np.float32))))[0, 0].numpy() > 0.5
    height, width = distance_nm.shape
    return half_way_nm(distance_nm, ~body[:height, :width], 0.0, 1.0)


def line(name: str, pairs: Sequence[tuple[float, float]]) -> str:
    edge, ours = np.nanmedian(np.array(pairs), axis=0)
    return f"{name:40s}{edge:+8.2f} nm{ours:+14.2f} nm   {len(pairs)} frames"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dataset", "--bank", type=Path)
    parser.add_argument("--detector", type=Path, help="checkpoint, for our outlines on the dataset")
    options = parser.parse_args()
    print(f"{'medians of frames':40s}{'grey edge':>11s}{'our outline':>17s}")
    print(line("real, from the hand masks", list(real(options.folder))))
    if options.dataset:
        print(line("simulated, from the outermost atoms", list(simulated(options.dataset, options.detector))))


if __name__ == "__main__":
    main()

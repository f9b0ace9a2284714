"""Detection on real HRTEM frames with hand masks, and on real vacuum.

    python -m tests.bench.real_frames FOLDER [--vacuum STACK.tif]

FOLDER holds images/image_i.png and masks/label_i.png. Matching: centre within half the true diameter, one match each.
Bodies of the masks under `SPECK_PX` are specks: they are neither wanted, nor is a region on one held against us.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import find_objects, label
from skimage.draw import polygon2mask

from agent.core.config import AnalysisConfig
from agent.core.pipeline import analyse
from agent.core.result import FrameResult
from agent.edge.backend import load_engine
from agent.edge.settings import MODELS
from trainer.report_frames import REAL_PIXEL_NM, SPECK_PX, frame_of


def bodies(mask: NDArray[np.bool_]) -> list[tuple[NDArray[np.float64], float, int]]:
    """(centre, diameter in px, area) of every connected body."""
    parted, _ = label(mask)
    found = []
    for number, box in enumerate(find_objects(parted), start=1):
        own = np.argwhere(parted[box] == number)
        centre = own.mean(0) + np.array([box[0].start, box[1].start])
        found.append((centre, 2 * float(np.sqrt(len(own) / np.pi)), len(own)))
    return found


def compare(result: FrameResult, mask: NDArray[np.bool_]) -> tuple[int, int, int, float]:
    """(hits, wanted, false ones, mask IoU) of one frame."""
    every = bodies(mask)
    free = dict(enumerate(b for b in every if b[2] >= SPECK_PX))
    specks = [b for b in every if b[2] < SPECK_PX]
    wanted, hits, false = len(free), 0, 0
    drawn = np.zeros(mask.shape, dtype=bool)
    for p in result.particles:
        drawn |= polygon2mask(mask.shape, p.outline_px)
        at = np.array([p.y_px, p.x_px])
        near = [k for k, b in free.items() if np.linalg.norm(b[0] - at) < b[1] / 2]
        if near:
            del free[min(near, key=lambda k: float(np.linalg.norm(free[k][0] - at)))]
            hits += 1
        elif not any(np.linalg.norm(b[0] - at) < max(b[1], p.diameter_nm / REAL_PIXEL_NM) / 2 for b in specks):
            false += 1
    return hits, wanted, false, float((drawn & mask).sum() / max((drawn | mask).sum(), 1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vacuum", type=Path)
    options = parser.parse_args()
    engine = load_engine(MODELS, prefer="onnxruntime-cpu")
    config = AnalysisConfig()
    totals, overlaps, spent_s = np.zeros(3, dtype=int), [], []
    for path in sorted((options.folder / "images").glob("image_*.png")):
        number = path.stem.split("_")[1]
        with Image.open(path) as image, Image.open(options.folder / "masks" / f"label_{number}.png") as hand:
            pixels, mask = np.asarray(image.convert("L")), np.asarray(hand.convert("L")) > 0
        start_s = time.perf_counter()
        result = analyse(frame_of(pixels, int(number), REAL_PIXEL_NM), engine, config)
        spent_s.append(time.perf_counter() - start_s)
        *counts, overlap = compare(result, mask)
        totals += np.array(counts)
        overlaps.append(overlap)
    hits, wanted, false = totals
    f1 = 2 * hits / (wanted + hits + false)
    print(f"{len(overlaps)} frames, {wanted} particles: {hits} found, {false} false, F1 {f1:.4f}")
    print(f"mask IoU {np.mean(overlaps):.3f}; {1e3 * np.median(spent_s):.0f} ms a frame (median, everything)")
    if options.vacuum:
        movie = tifffile.imread(options.vacuum)
        for size_nm in (0.03, 0.05, 0.059):
            false = sum(len(analyse(frame_of(f, n, size_nm), engine, config).particles) for n, f in enumerate(movie))
            print(
                f"vacuum at {size_nm} nm/px: {false} particles in {len(movie)} frames, {false / len(movie):.3f} a frame"
            )


if __name__ == "__main__":
    main()

"""Detection on real HRTEM frames with hand masks, and on real vacuum.

    python -m tests.bench.real_frames FOLDER [--vacuum STACK.tif]

FOLDER holds images/image_i.png and masks/label_i.png. The frames are the report's (`trainer.evaluation.frames`), and
so is the matching; what differs are the networks: the shipped files, run as on the microscope.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from agent.core.config import AnalysisConfig
from agent.core.pipeline import analyse
from agent.edge.inference.backend import load_networks
from agent.edge.settings import MODELS
from trainer.evaluation.frames import (
    REAL_PIXEL_NM,
    VACUUM_PIXELS_NM,
    against,
    compared,
    real_frames,
    together,
    vacuum_frames,
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vacuum", type=Path)
    options = parser.parse_args()
    networks = load_networks(MODELS, prefer="onnxruntime-cpu")
    config = AnalysisConfig()
    parts, spent_s = [], []
    for frame, instances in real_frames(options.folder):
        start_s = time.perf_counter()
        result = analyse(frame, networks, config)
        spent_s.append(time.perf_counter() - start_s)
        parts.append(against(result, instances, frame.shape_px))
    c = together(parts)
    print(f"{c.frames} frames, {c.counted} particles: {c.found} found, {c.false} false, F1 {c.f1:.4f}")
    print(f"mask IoU {np.mean(c.union_iou):.3f}; {1e3 * np.median(spent_s):.0f} ms a frame (median, everything)")
    if options.vacuum:
        for size_nm in (*VACUUM_PIXELS_NM, REAL_PIXEL_NM):
            c = compared(networks, vacuum_frames(options.vacuum, size_nm))
            print(
                f"vacuum at {size_nm} nm/px: {c.false} particles in {c.frames} frames, {c.false / c.frames:.3f} a frame"
            )


if __name__ == "__main__":
    main()

"""Time of every stage of a frame's path as a ratio to a plain copy of the frame: `python -m tests.bench.stages`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from agent.core.config import AnalysisConfig
from agent.core.networks import Networks
from agent.core.pipeline import analyse
from agent.core.preprocessing.classifier_input import cut_patches
from agent.core.preprocessing.detector_input import detector_input
from agent.core.results import Outline
from agent.core.segmentation import segment
from agent.edge.inference.backend import load_networks
from agent.edge.session.thumbnail import thumbnail
from agent.edge.settings import MODELS
from protocol.frame import Frame
from protocol.wire.karabo import decode_frame, encode_frame
from simulator.microscope.server import frames
from simulator.microscope.session_file import SESSION, load_session

REPEATS = 5


def best_s(action: Callable[[], object]) -> float:
    """The shortest of some runs."""
    spent = []
    for _ in range(REPEATS):
        start_s = time.perf_counter()
        action()
        spent.append(time.perf_counter() - start_s)
    return min(spent)


def main() -> None:
    networks = load_networks(MODELS, prefer="onnxruntime-cpu")
    config = AnalysisConfig()
    small = next(frames(load_session(SESSION), 800.0, 1))
    print(f"{'side':>6s}{'particles':>11s}{'copy ms':>9s}   as multiples of the copy")
    for side_px in (1024, 2048, 4096):
        print(row(side_px, small, networks, config))


def row(side_px: int, small: Frame, networks: Networks, config: AnalysisConfig) -> str:
    """One line of the table."""
    reach = -(-side_px // small.pixels.shape[0])
    pixels = np.ascontiguousarray(np.tile(small.pixels, (reach, reach))[:side_px, :side_px])
    frame = Frame(
        pixels=pixels,
        source="bench",
        sequence=0,
        camera_time_s=0.0,
        pixel_size_nm=small.pixel_size_nm,
        pixel_size_provenance="metadata",
    )
    size_nm = small.pixel_size_nm or 0.0
    parts = [bytes(p) for p in encode_frame(frame)]
    maps_in, scale = detector_input(pixels, size_nm, networks.detector_card.geometry.pixel_size_nm, 8)
    maps = networks.detect(maps_in)

    def found() -> tuple[Outline, ...]:
        return segment(maps, scale, size_nm, frame.shape_px, AnalysisConfig().segmentation(0.5))

    centres = np.array([[o.y_px, o.x_px] for o in found()], dtype=np.float32)
    patches = cut_patches(pixels, centres, size_nm, 128, 0.075)
    result = analyse(frame, networks, config)
    tracks = tuple(range(len(result.particles)))
    stages: dict[str, Callable[[], object]] = {
        "decode": lambda: decode_frame(parts),
        "standardise": lambda: detector_input(pixels, size_nm, networks.detector_card.geometry.pixel_size_nm, 8),
        "detect": lambda: networks.detect(maps_in),
        "find": found,
        "cut": lambda: cut_patches(pixels, centres, size_nm, 128, 0.075),
        "classify": lambda: networks.classify(patches),
        "view": lambda: thumbnail(frame, result, tracks),
        "all": lambda: analyse(frame, networks, config),
    }
    copy_s = best_s(pixels.copy)
    ratios = "  ".join(f"{name} {best_s(action) / copy_s:.1f}" for name, action in stages.items())
    return f"{side_px:6d}{len(centres):11d}{1e3 * copy_s:9.2f}   {ratios}"


if __name__ == "__main__":
    main()

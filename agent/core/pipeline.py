"""One frame to its particles: standardise, find, cut, classify. Pure."""

from __future__ import annotations

import numpy as np

from agent.core.calibration import answer, probabilities
from agent.core.config import LARGEST_PIXEL_NM, SMALLEST_PIXEL_NM, AnalysisConfig
from agent.core.networks import Engine
from agent.core.preprocessing.classifier_input import cut_patches
from agent.core.preprocessing.detector_input import channels, usable
from agent.core.results import FrameResult, NoPixelSize, Particle, UnusableFrame
from agent.core.segmentation import Outline, find
from protocol.frame import Frame


def analyse(frame: Frame, engine: Engine, config: AnalysisConfig) -> FrameResult:
    """Every particle of a frame with its shape.

    Raises:
        NoPixelSize: neither the frame nor the configuration says the pixel size.
        UnusableFrame: the pixels are no image, or no pixels of HRTEM.
    """
    pixel_size_nm = config.pixel_size_nm if config.pixel_size_nm is not None else frame.pixel_size_nm
    if pixel_size_nm is None:
        raise NoPixelSize(f"frame {frame.sequence} of {frame.source} has no pixel size; give it with --pixel-size-nm")
    if not SMALLEST_PIXEL_NM <= pixel_size_nm <= LARGEST_PIXEL_NM:
        raise UnusableFrame(
            f"its pixels are {pixel_size_nm:g} nm, and an HRTEM frame's are {SMALLEST_PIXEL_NM:g} to "
            f"{LARGEST_PIXEL_NM:g} nm; if that is wrong, give the right size with --pixel-size-nm"
        )
    usable(frame.pixels)
    maps_in, scale = channels(
        frame.pixels, pixel_size_nm, engine.detector_card.pixel_size_nm, engine.detector_card.patch_px
    )
    outlines = find(
        engine.detect(maps_in),
        scale,
        pixel_size_nm,
        frame.shape_px,
        threshold=engine.detector_card.threshold,
        smallest_nm=config.smallest_nm,
        largest_nm=config.largest_nm,
    )
    return FrameResult(
        sequence=frame.sequence,
        camera_time_s=frame.camera_time_s,
        pixel_size_nm=pixel_size_nm,
        particles=_classified(frame, outlines, pixel_size_nm, engine, config),
    )


def _classified(
    frame: Frame, outlines: tuple[Outline, ...], pixel_size_nm: float, engine: Engine, config: AnalysisConfig
) -> tuple[Particle, ...]:
    if not outlines:
        return ()
    card = engine.classifier_card
    centres = np.array([[o.y_px, o.x_px] for o in outlines], dtype=np.float32)
    patches = cut_patches(frame.pixels, centres, pixel_size_nm, card.patch_px, card.pixel_size_nm)
    chances = probabilities(engine.classify(patches), card.temperature)
    threshold = card.threshold if config.threshold is None else config.threshold
    particles = []
    for outline, chance in zip(outlines, chances, strict=True):
        shape, confidence = answer(chance, card.classes, threshold)
        particles.append(
            Particle(
                y_px=outline.y_px,
                x_px=outline.x_px,
                diameter_nm=outline.diameter_nm,
                outline_px=outline.polygon_px,
                touches_border=outline.touches_border,
                score=outline.score,
                shape=shape,
                confidence=confidence,
                probabilities=chance,
            )
        )
    return tuple(particles)

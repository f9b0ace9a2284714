"""One frame to its particles: standardise, detect, segment, cut, classify. Pure."""

from __future__ import annotations

import numpy as np

from agent.core.calibration import decide, probabilities
from agent.core.config import LARGEST_PIXEL_NM, SMALLEST_PIXEL_NM, AnalysisConfig
from agent.core.networks import Networks
from agent.core.preprocessing.classifier_input import cut_patches
from agent.core.preprocessing.detector_input import check_pixels, detector_input
from agent.core.results import FrameResult, NoPixelSize, Outline, Particle, UnusableFrame, classified
from agent.core.segmentation import segment
from protocol.frame import Frame


def analyse(frame: Frame, networks: Networks, config: AnalysisConfig) -> FrameResult:
    """Every particle of a frame with its shape.

    Raises:
        NoPixelSize: neither the frame nor the configuration says the pixel size.
        UnusableFrame: the pixels are no image, or no pixels of HRTEM.
    """
    # The pixel size: without it no length is known, and with a wrong one the networks see another scale.
    pixel_size_nm = config.pixel_size_nm if config.pixel_size_nm is not None else frame.pixel_size_nm
    if pixel_size_nm is None:
        raise NoPixelSize(f"frame {frame.sequence} of {frame.source} has no pixel size; give it with --pixel-size-nm")
    if not SMALLEST_PIXEL_NM <= pixel_size_nm <= LARGEST_PIXEL_NM:
        raise UnusableFrame(
            f"its pixels are {pixel_size_nm:g} nm, and an HRTEM frame's are {SMALLEST_PIXEL_NM:g} to "
            f"{LARGEST_PIXEL_NM:g} nm; if that is wrong, give the right size with --pixel-size-nm"
        )
    # Counts to maps to outlines.
    check_pixels(frame.pixels)
    card = networks.detector_card
    maps_in, scale = detector_input(frame.pixels, pixel_size_nm, card.geometry.pixel_size_nm, card.geometry.patch_px)
    outlines = segment(
        networks.detect(maps_in),
        scale,
        pixel_size_nm,
        frame.shape_px,
        config.segmentation(card.threshold),
    )
    return FrameResult(
        sequence=frame.sequence,
        camera_time_s=frame.camera_time_s,
        pixel_size_nm=pixel_size_nm,
        particles=_classified(frame, outlines, pixel_size_nm, networks, config),
    )


def _classified(
    frame: Frame, outlines: tuple[Outline, ...], pixel_size_nm: float, networks: Networks, config: AnalysisConfig
) -> tuple[Particle, ...]:
    if not outlines:
        return ()
    card = networks.classifier_card
    # A patch about each centre, all of them through the network at once.
    centres = np.array([[o.y_px, o.x_px] for o in outlines], dtype=np.float32)
    patches = cut_patches(frame.pixels, centres, pixel_size_nm, card.geometry.patch_px, card.geometry.pixel_size_nm)
    chances = probabilities(networks.classify(patches), card.temperature)
    # The answer, or unknown when no class is likely enough.
    threshold = card.threshold if config.threshold is None else config.threshold
    answers = (decide(chance, card.classes, threshold) for chance in chances)
    return tuple(
        classified(outline, shape, confidence, chance)
        for outline, chance, (shape, confidence) in zip(outlines, chances, answers, strict=True)
    )

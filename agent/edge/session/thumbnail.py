"""A frame and its particles to what a screen can show: uint8, contrast-stretched, small. Pure."""

from __future__ import annotations

import numpy as np

from agent.core.preprocessing.block_statistics import block_means
from agent.core.results import FrameResult
from protocol.frame import Frame
from protocol.snapshot import FrameView, ParticleView

LARGEST_SIDE_PX = 768


def thumbnail(frame: Frame, result: FrameResult, tracks: tuple[int, ...]) -> FrameView:
    """The frame's pixels (h, w) as an image of uint8, with its particles.

    Block means down to about `LARGEST_SIDE_PX`; the darkest and brightest percent are clipped.
    A strip that is narrower than a block keeps more pixels along its length, so that something is left of its width.
    """
    # The image: as many pixels a block as bring the longer side under the limit.
    block = max(1, min(-(-max(frame.shape_px) // LARGEST_SIDE_PX), *frame.shape_px))
    small = block_means(frame.pixels, block)
    # The contrast, from every second pixel of what is left.
    low, high = np.percentile(small[::2, ::2], [1, 99])
    image = np.clip((small - np.float32(low)) * np.float32(255 / max(high - low, 1e-9)), 0, 255).astype(np.uint8)
    particles = tuple(
        ParticleView(
            track=track,
            y_px=p.y_px,
            x_px=p.x_px,
            diameter_nm=p.diameter_nm,
            shape=p.shape,
            confidence=p.confidence,
            probabilities=tuple(float(v) for v in p.probabilities),
            outline_px=p.outline_px,
            cut=p.touches_border,
        )
        for p, track in zip(result.particles, tracks, strict=True)
    )
    return FrameView(
        sequence=frame.sequence,
        camera_time_s=frame.camera_time_s,
        image=image,
        scale=float(block),
        shape_px=frame.shape_px,
        pixel_size_nm=result.pixel_size_nm,
        pixel_size_provenance=frame.pixel_size_provenance if frame.pixel_size_nm == result.pixel_size_nm else "user",
        particles=particles,
    )

"""The newest frame to what is drawn of it: outlines, labels, scale bar, one particle told at length. Pure, no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.core.calibration import decide
from agent.dashboard.state.palette import ClassStyle
from protocol.coordinates import distance_from_corner
from protocol.labels import UNKNOWN
from protocol.snapshot import FrameView, ParticleView, Snapshot

CUT = "cut"
"""Label of a particle that the border of the frame cuts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mark:
    """One outlined particle, in pixels of the shown image."""

    track: int
    """Number of the particle in the run."""
    outline: NDArray[np.float64]
    """(n, 2), x then y, closed."""
    y: float
    """Of its centre, in pixels of the shown image."""
    x: float
    """Of its centre, in pixels of the shown image."""
    colour: str
    """Of its class."""
    text: str
    """Its label."""
    known: bool
    """``unknown`` is outlined thinly, so that colour is not the only cue."""
    picked: bool = False
    """It is pointed at or was clicked."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameState:
    """The left half of the window."""

    key: tuple[object, ...]
    """What is drawn changed when this changes."""
    image_key: tuple[object, ...]
    """The image itself changed when this changes."""
    image: NDArray[np.uint8]
    """(h, w), as it came."""
    marks: tuple[Mark, ...]
    """Every particle of the frame."""
    scale_bar_px: float
    """Length in pixels of the shown image."""
    scale_bar_text: str
    """The same length in nm."""
    text: str
    """The line above the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One particle told at length."""

    text: str
    """Number, size and answer, or how to pick a particle."""
    probabilities: tuple[float, ...] = ()
    """In the order of the classes; empty when nothing is picked."""


def frame_state(snapshot: Snapshot, styles: dict[str, ClassStyle], picked: int | None) -> FrameState | None:
    """What to draw; None before the first frame."""
    frame = snapshot.frame
    if frame is None:
        return None
    bar_nm, bar_px = _scale_bar(frame)
    image_key = (snapshot.run, frame.sequence, frame.camera_time_s, frame.image.shape)
    return FrameState(
        key=(*image_key, snapshot.threshold, picked),
        image_key=image_key,
        image=frame.image,
        marks=tuple(_mark(p, snapshot, frame.scale, styles, picked) for p in frame.particles),
        scale_bar_px=bar_px,
        scale_bar_text=f"{bar_nm:g} nm",
        text=_text(frame),
    )


def detail(snapshot: Snapshot, styles: dict[str, ClassStyle], picked: int | None) -> Detail:
    """Number, size, and probabilities of the picked particle, or how to pick one."""
    particles = () if snapshot.frame is None else snapshot.frame.particles
    found = [p for p in particles if p.track == picked]
    if picked is None:
        return Detail(text="point at a particle or click it · wheel zooms, double click shows all")
    if not found:
        return Detail(text=f"particle {picked} is not in this frame")
    shape, confidence = _named(found[0], snapshot)
    verdict = (
        f"unknown, under {snapshot.threshold:.0%}" if shape == UNKNOWN else f"{styles[shape].text} {confidence:.0%}"
    )
    if found[0].cut:
        verdict = f"cut by the border, not counted from this view ({verdict})"
    return Detail(
        text=f"particle {picked} · {found[0].diameter_nm:.1f} nm · {verdict} · in this frame:",
        probabilities=found[0].probabilities,
    )


def at_point(marks: tuple[Mark, ...], x: float, y: float) -> int | None:
    """Track of the particle whose outline holds a point of the image; of several the nearest centre."""
    holding = [m for m in marks if _inside(m.outline, x, y)]
    nearest = min(holding, key=lambda m: (m.x - x) ** 2 + (m.y - y) ** 2, default=None)
    return None if nearest is None else nearest.track


def _inside(outline: NDArray[np.float64], x: float, y: float) -> bool:
    """Even-odd rule: a ray to the right crosses the closed outline an odd number of times."""
    (x0, y0), (x1, y1) = outline[:-1].T, outline[1:].T
    crosses = (y0 > y) != (y1 > y)
    rise = np.where(crosses, y1 - y0, 1.0)
    return bool(np.count_nonzero(crosses & (x < x0 + (y - y0) / rise * (x1 - x0))) % 2)


def _named(particle: ParticleView, snapshot: Snapshot) -> tuple[str, float]:
    """The answer at the snapshot's threshold: the frame may have been analysed before the threshold was moved."""
    if len(particle.probabilities) != len(snapshot.classes):
        return particle.shape, particle.confidence
    return decide(np.asarray(particle.probabilities), snapshot.classes, snapshot.threshold)


def _mark(
    particle: ParticleView, snapshot: Snapshot, scale: float, styles: dict[str, ClassStyle], picked: int | None
) -> Mark:
    # The answer, at the threshold of now; then outline and centre, from the camera's pixels to the image's. What the
    # border cuts is shown without a name: the picture must not promise what the counts leave out.
    shape, confidence = _named(particle, snapshot)
    shape = UNKNOWN if particle.cut else shape
    style = styles.get(shape, styles[UNKNOWN])
    outline_px = np.asarray(particle.outline_px, dtype=np.float64).reshape(-1, 2)
    ring = distance_from_corner(outline_px[:, ::-1], 1.0, scale)
    return Mark(
        track=particle.track,
        outline=np.vstack([ring, ring[:1]]),
        y=distance_from_corner(particle.y_px, 1.0, scale),
        x=distance_from_corner(particle.x_px, 1.0, scale),
        colour=style.colour,
        text=CUT if particle.cut else style.short if shape == UNKNOWN else f"{style.short} {confidence:.0%}",
        known=shape != UNKNOWN,
        picked=particle.track == picked,
    )


def _scale_bar(frame: FrameView) -> tuple[float, float]:
    """The largest of 1, 2, 5, 10 … nm that is under a quarter of the image, and its length in image pixels."""
    # The steps reach from 0.01 to 5000 nm, more than any frame shows.
    nm_a_pixel = frame.pixel_size_nm * frame.scale
    limit_nm = frame.image.shape[1] * nm_a_pixel / 4
    steps = [m * 10.0**e for e in range(-2, 4) for m in (1, 2, 5)]
    bar_nm = max([s for s in steps if s <= limit_nm], default=steps[0])
    return bar_nm, bar_nm / nm_a_pixel


def _text(frame: FrameView) -> str:
    height, width = frame.shape_px
    return (
        f"frame {frame.sequence}   {height} × {width} px   {frame.pixel_size_nm:.4f} nm/px "
        f"({frame.pixel_size_provenance})   {len(frame.particles)} particles"
    )

"""Everything that a dashboard may know, at one moment. Frozen values; `encode` and `decode` are in snapshot_wire.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SNAPSHOT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParticleView:
    """One particle of the shown frame."""

    track: int
    """Number of the particle in this run; the same number in every frame that shows it."""
    y_px: float
    x_px: float
    """Centre in pixels of the full frame; (0, 0) is the centre of the first pixel."""
    diameter_nm: float
    """Of the circle of the same area as the outline."""
    shape: str
    """A class of the model, or ``unknown``."""
    confidence: float
    """Calibrated probability of the likeliest class."""
    probabilities: tuple[float, ...]
    """Calibrated, in the order of `Snapshot.classes`."""
    outline_px: NDArray[np.float32]
    """(n, 2), y then x, pixels of the full frame, closed by joining last to first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameView:
    """The newest analysed frame, made small for a screen."""

    sequence: int
    camera_time_s: float
    image: NDArray[np.uint8]
    """(h, w), contrast-stretched."""
    scale: float
    """Pixels of the full frame for one pixel of `image`."""
    shape_px: tuple[int, int]
    pixel_size_nm: float
    pixel_size_provenance: str
    particles: tuple[ParticleView, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShapeStatistics:
    """One class (or ``unknown``) over the whole run; every particle counts once however many frames show it."""

    shape: str
    count: int
    fraction: float
    """Of the classified particles (``unknown``: of all particles); NaN when there are none."""
    fraction_low: float
    fraction_high: float
    """95 % interval."""
    diameter_counts: NDArray[np.int64]
    """(b,), histogram over `Statistics.diameter_edges_nm`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statistics:
    """Of the run since its start."""

    particles: int
    """Distinct particles (tracks)."""
    detections: int
    """Sightings, all frames together."""
    shapes: tuple[ShapeStatistics, ...]
    """In the order of `Snapshot.classes`, then ``unknown``."""
    diameter_edges_nm: NDArray[np.float64]
    """(b + 1,)."""
    history_time_s: NDArray[np.float64]
    """(t,), Unix camera time of the points of `history_fraction`."""
    history_fraction: NDArray[np.float32]
    """(t, k), running fraction of each class; at most `HISTORY_POINTS` rows."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Health:
    """How the pipeline does. Every received frame is in exactly one of analysed, waiting, or `not_analysed`."""

    received: int
    analysed: int
    not_analysed: Mapping[str, int]
    """Cause (``replaced``, ``protocol``, ``no_pixel_size``, ``unusable``, ``failed``) -> frames."""
    sequence_gaps: int
    """Frames that the sequence numbers say were sent and that never came."""
    received_per_s: float
    analysed_per_s: float
    latency_p50_ms: float
    latency_p99_ms: float
    """From the camera's time stamp to the result, over the newest frames; NaN before the first."""
    backend: str
    model: str
    """Name and short hash of the two networks."""
    recording: str
    """Path of the recording, empty when there is none, or why it stopped."""
    last_problem: str
    """The newest refusal or failure in one line, empty when all is well."""
    warnings: tuple[str, ...] = ()
    """What the model's self-check refused, or what could not be checked, when the agent started."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """One moment of a run."""

    run: str
    """Name of the run: changes when statistics start anew."""
    number: int
    """Rises by one with every snapshot of a run."""
    created_time_s: float
    classes: tuple[str, ...]
    threshold: float
    """Confidence below which the answer is ``unknown``."""
    frame: FrameView | None
    statistics: Statistics
    health: Health
    paused: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)
    """``endpoint``: where a live agent takes its frames from."""


HISTORY_POINTS = 600
"""A history is thinned to at most this many points, so that nothing grows without bound."""

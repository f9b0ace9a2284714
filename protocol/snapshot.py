"""Everything that a dashboard may know, at one moment. Frozen values; their bytes are in wire/snapshot.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from protocol.errors import ProtocolError
from protocol.frame import Provenance

SNAPSHOT_VERSION = 2

Cause = Literal["replaced", "paused", "protocol", "no_pixel_size", "unusable", "failed"]
"""Why a received frame was not analysed.

``replaced``: a newer one came first. ``paused``: the operator paused the analysis. ``protocol``: the message broke the
wire's promise. ``no_pixel_size``: neither the frame nor the settings say it. ``unusable``: the pixels are no image of
HRTEM. ``failed``: a fault of our own.
"""
CAUSES: tuple[Cause, ...] = get_args(Cause)
INTENDED: tuple[Cause, ...] = ("replaced", "paused")
"""Causes that are no fault: the newest frame wins by design, and a pause was asked for."""

RecordingMode = Literal["off", "on", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingState:
    """Whether the session is being recorded, and where."""

    mode: RecordingMode = "off"
    """``stopped``: it was on, and a fault of the disk ended it."""
    path: str = ""
    """Of the recording; empty when the mode is ``off``."""
    reason: str = ""
    """Why it stopped; empty in any other mode."""

    def __post_init__(self) -> None:
        if self.mode not in get_args(RecordingMode):
            raise ProtocolError(f"a recording is {', '.join(get_args(RecordingMode))}, got {self.mode!r}")
        if bool(self.path) != (self.mode != "off") or bool(self.reason) != (self.mode == "stopped"):
            raise ProtocolError(f"a recording has a path unless off, and a reason when stopped, got {self}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParticleView:
    """One particle of the shown frame."""

    track: int
    """Number of the particle in this run; the same number in every frame that shows it."""
    y_px: float
    """Of the centre, in pixels of the full frame; (0, 0) is the centre of the first pixel."""
    x_px: float
    """Of the centre, as `y_px`."""
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
    cut: bool = False
    """The frame's edge cuts it: it is shown, and counted only if another frame shows it whole."""

    def __post_init__(self) -> None:
        _check_shape("outline_px", self.outline_px, (None, 2))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameView:
    """The newest analysed frame, made small for a screen."""

    sequence: int
    """The sender's frame number."""
    camera_time_s: float
    """Unix time of the exposure, by the sender's clock."""
    image: NDArray[np.uint8]
    """(h, w), contrast-stretched."""
    scale: float
    """Pixels of the full frame for one pixel of `image`."""
    shape_px: tuple[int, int]
    """Rows and columns of the full frame."""
    pixel_size_nm: float
    """Of the full frame, as it was analysed."""
    pixel_size_provenance: Provenance
    """``user`` when the settings overrode what the frame says."""
    particles: tuple[ParticleView, ...]
    """Every particle that was found in it."""

    def __post_init__(self) -> None:
        _check_shape("image", self.image, (None, None))
        if not (self.scale > 0 and self.pixel_size_nm > 0):
            raise ProtocolError(f"scale and pixel_size_nm are positive, got {self.scale} and {self.pixel_size_nm}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShapeStatistics:
    """One class (or ``unknown``) over the whole run; every particle counts once however many frames show it."""

    shape: str
    """A class of the model, or ``unknown``."""
    count: int
    """Particles whose answer it is."""
    fraction: float
    """Of the classified particles (``unknown``: of all particles); NaN when there are none."""
    fraction_low: float
    """Lower end of the 95 % interval."""
    fraction_high: float
    """Upper end of the 95 % interval."""
    diameter_counts: NDArray[np.int64]
    """(b,), histogram over `Statistics.diameter_edges_nm`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statistics:
    """Of the run since its start."""

    particles: int
    """Distinct particles (tracks) that were seen whole at least once."""
    detections: int
    """Particles of every frame, all frames together."""
    shapes: tuple[ShapeStatistics, ...]
    """In the order of `Snapshot.classes`, then ``unknown``."""
    diameter_edges_nm: NDArray[np.float64]
    """(b + 1,)."""
    history_time_s: NDArray[np.float64]
    """(t,), Unix camera time of the points of `history_fraction`."""
    history_fraction: NDArray[np.float32]
    """(t, k), running fraction of each class; thinned, so that it never grows beyond some hundred rows."""
    cut: int = 0
    """Distinct particles that the frame's edge cut whenever they were seen: in no fraction, no size, no ``unknown``."""
    frames: int = 0
    """Analysed since the run began; `Health.analysed` counts since the agent started."""

    def __post_init__(self) -> None:
        bins, points = len(self.diameter_edges_nm) - 1, len(self.history_time_s)
        _check_shape("diameter_edges_nm", self.diameter_edges_nm, (None,))
        for shape in self.shapes:
            _check_shape(f"diameter_counts of {shape.shape}", shape.diameter_counts, (bins,))
        _check_shape("history_time_s", self.history_time_s, (None,))
        _check_shape("history_fraction", self.history_fraction, (points, len(self.shapes) - 1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Health:
    """How the pipeline does. Every received frame is in exactly one of analysed, waiting, or `not_analysed`."""

    messages: int
    """Everything that came; a wire may send messages that hold no frame (start and end of a series)."""
    received: int
    """Frames, among them those that broke the wire's promise."""
    analysed: int
    """Frames that went through both networks."""
    not_analysed: Mapping[Cause, int]
    """How many frames by the cause; a cause that did not occur is left out."""
    sequence_gaps: int
    """Frames that the sequence numbers say were sent and that never came."""
    received_per_s: float
    """Over the last seconds."""
    analysed_per_s: float
    """Over the last seconds."""
    latency_p50_ms: float
    """From the camera's time stamp to the result, median over the newest frames; NaN before the first."""
    latency_p99_ms: float
    """The same of the slowest in a hundred."""
    backend: str
    """What computes."""
    model: str
    """Name and short hash of the two networks."""
    recording: RecordingState
    """Whether the session is being recorded."""
    last_problem: str
    """The newest refusal or failure in one line, empty when all is well."""
    warnings: tuple[str, ...] = ()
    """What the model's self-check refused, or what could not be checked, when the agent started."""

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.not_analysed) - set(CAUSES)):
            raise ProtocolError(f"a frame is not analysed for one of {', '.join(CAUSES)}, got {', '.join(unknown)}")
        counts = (self.messages, self.received, self.analysed, self.sequence_gaps, *self.not_analysed.values())
        if min(counts) < 0:
            raise ProtocolError(f"counts are not negative, got {counts}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """One moment of a run."""

    run: str
    """Name of the run: changes when statistics start anew."""
    number: int
    """Rises by one with every snapshot of a run."""
    created_time_s: float
    """Unix time, by the agent's clock."""
    classes: tuple[str, ...]
    """The classifier's, in the order of its answers."""
    threshold: float
    """Confidence below which the answer is ``unknown``."""
    frame: FrameView | None
    """None before the first frame of a run."""
    statistics: Statistics
    """Of the run since its start."""
    health: Health
    """Of the agent since its start."""
    paused: bool = False
    """Frames are received, and not analysed."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """``endpoint``: where a live agent takes its frames from."""

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ProtocolError(f"a threshold is 0 to 1, got {self.threshold}")
        if len(self.statistics.shapes) != len(self.classes) + 1:
            raise ProtocolError(
                f"statistics are of every class and of unknown, {len(self.classes) + 1} in all, "
                f"got {len(self.statistics.shapes)}"
            )


def _check_shape(name: str, array: NDArray[np.generic], wanted: tuple[int | None, ...]) -> None:
    """Raises ProtocolError when an array has other sides than wanted; None stands for any."""
    if len(array.shape) != len(wanted) or any(w not in (None, n) for w, n in zip(wanted, array.shape, strict=True)):
        shown = ", ".join("any" if w is None else str(w) for w in wanted)
        raise ProtocolError(f"{name} has the shape ({shown}), got {array.shape}")

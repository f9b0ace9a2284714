"""Results to the run's statistics: fold one frame after the other. Pure; every value is new, none is changed.

A particle counts once. Its probabilities are the mean of the log-probabilities of its sightings, its size their mean;
sightings cut by the frame's edge count for neither, unless there are no others. Nothing grows without bound: ended
tracks become counts, histories are thinned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.core.calibration import UNKNOWN
from agent.core.results import FrameResult, Particle
from agent.core.statistics.prevalence import corrected_fractions, wilson
from protocol.snapshot import HISTORY_POINTS, ShapeStatistics, Statistics

DIAMETER_EDGES_NM = np.arange(0.0, 15.25, 0.5)
CONFIDENCES = 100
"""Ended tracks are kept as counts by class, confidence in so many steps, and size, so that a new threshold works."""
FORGET_AFTER_FRAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sightings:
    """What is known of one particle."""

    log_probability: NDArray[np.float64]
    """(k,), sum over the sightings."""
    diameter_nm: float
    """Sum over the sightings."""
    count: int
    whole: bool
    """The sums are over sightings that the frame's edge does not cut."""
    last_frame: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stats:
    """A run so far."""

    classes: tuple[str, ...]
    frames: int
    detections: int
    open_tracks: Mapping[int, Sightings]
    closed: NDArray[np.int64]
    """(k, CONFIDENCES, sizes): ended tracks by likeliest class, confidence and diameter."""
    history_time_s: tuple[float, ...] = ()
    history_fraction: tuple[tuple[float, ...], ...] = ()
    stride: int = 1
    """Frames between two points of the history."""


def empty(classes: tuple[str, ...]) -> Stats:
    """Before the first frame."""
    shape = (len(classes), CONFIDENCES, len(DIAMETER_EDGES_NM) - 1)
    return Stats(classes=classes, frames=0, detections=0, open_tracks={}, closed=np.zeros(shape, dtype=np.int64))


def fold(stats: Stats, result: FrameResult, tracks: tuple[int, ...]) -> Stats:
    """Stats after one more frame; `tracks` has the track of each of its particles."""
    frame = stats.frames + 1
    opened = dict(stats.open_tracks)
    for particle, track in zip(result.particles, tracks, strict=True):
        opened[track] = _seen(opened.get(track), particle, frame)
    ended = [track for track, seen in opened.items() if frame - seen.last_frame > FORGET_AFTER_FRAMES]
    closed = stats.closed
    if ended:
        closed = closed.copy()
        for track in ended:
            closed[_cell(opened.pop(track))] += 1
    after = replace(stats, frames=frame, detections=stats.detections + len(tracks), open_tracks=opened, closed=closed)
    return _with_history(after, result.camera_time_s) if frame % stats.stride == 0 else after


def statistics(stats: Stats, threshold: float, confusion: tuple[tuple[float, ...], ...] = ()) -> Statistics:
    """What a snapshot shows. With a confusion matrix (k, k + 1) the fractions are corrected for it."""
    counts = _counts(stats)
    first = int(np.ceil(threshold * CONFIDENCES - 1e-9))
    named = counts[:, first:].sum(1)
    unknown = counts[:, :first].sum((0, 1))
    answers = np.append(named.sum(1), unknown.sum())
    total = int(answers.sum())
    if confusion:
        fractions, intervals = corrected_fractions(answers, np.asarray(confusion))
    else:
        known = int(answers[:-1].sum())
        fractions = answers[:-1] / known if known else np.full(len(stats.classes), np.nan)
        intervals = np.array([wilson(float(n), known) for n in answers[:-1]])
    shapes = [
        ShapeStatistics(
            shape=name,
            count=int(answers[n]),
            fraction=float(fractions[n]),
            fraction_low=float(intervals[n, 0]),
            fraction_high=float(intervals[n, 1]),
            diameter_counts=named[n],
        )
        for n, name in enumerate(stats.classes)
    ]
    low, high = wilson(float(answers[-1]), total)
    shapes.append(
        ShapeStatistics(
            shape=UNKNOWN,
            count=int(answers[-1]),
            fraction=float(answers[-1]) / total if total else float("nan"),
            fraction_low=low,
            fraction_high=high,
            diameter_counts=unknown,
        )
    )
    return Statistics(
        particles=total,
        detections=stats.detections,
        shapes=tuple(shapes),
        diameter_edges_nm=DIAMETER_EDGES_NM,
        history_time_s=np.array(stats.history_time_s, dtype=np.float64),
        history_fraction=np.array(stats.history_fraction, dtype=np.float32).reshape(-1, len(stats.classes)),
    )


def fused(seen: Sightings) -> NDArray[np.float64]:
    """Probabilities (k,) of a particle from all its sightings."""
    mean = seen.log_probability / seen.count
    raised = np.exp(mean - mean.max())
    return np.asarray(raised / raised.sum())


def _seen(before: Sightings | None, particle: Particle, frame: int) -> Sightings:
    logs = np.log(np.clip(particle.probabilities, 1e-9, None))
    whole = not particle.touches_border
    if before is None or (whole and not before.whole):
        return Sightings(log_probability=logs, diameter_nm=particle.diameter_nm, count=1, whole=whole, last_frame=frame)
    if before.whole and not whole:
        return replace(before, last_frame=frame)
    return replace(
        before,
        log_probability=before.log_probability + logs,
        diameter_nm=before.diameter_nm + particle.diameter_nm,
        count=before.count + 1,
        last_frame=frame,
    )


def _cell(seen: Sightings) -> tuple[int, int, int]:
    chance = fused(seen)
    best = int(chance.argmax())
    size = int(np.searchsorted(DIAMETER_EDGES_NM, seen.diameter_nm / seen.count, side="right")) - 1
    return best, min(int(chance[best] * CONFIDENCES), CONFIDENCES - 1), min(max(size, 0), len(DIAMETER_EDGES_NM) - 2)


def _counts(stats: Stats) -> NDArray[np.int64]:
    counts = stats.closed.copy()
    for seen in stats.open_tracks.values():
        counts[_cell(seen)] += 1
    return counts


def _with_history(stats: Stats, time_s: float) -> Stats:
    """One more point of the running shares of the likeliest class; a full history loses every second point."""
    by_class = _counts(stats).sum((1, 2))
    total = int(by_class.sum())
    if not total:
        return stats
    times = (*stats.history_time_s, time_s)
    shares = (*stats.history_fraction, tuple(float(n) / total for n in by_class))
    if len(times) > HISTORY_POINTS:
        return replace(stats, history_time_s=times[::2], history_fraction=shares[::2], stride=stats.stride * 2)
    return replace(stats, history_time_s=times, history_fraction=shares)

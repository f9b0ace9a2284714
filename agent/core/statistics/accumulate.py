"""Results to the counts of a run: fold one frame after the other. Pure; every value is new, none is changed.

A particle counts once. Its probabilities are the mean of the log-probabilities of its observations, its size their
mean; observations cut by the frame's edge count for neither. A particle that was never seen whole is counted apart and
is in no class, no size and no share: what the edge leaves of it says neither how large it is nor, reliably, which shape
it has. Nothing grows without bound: ended tracks become counts, histories are thinned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.core.results import FrameResult, Particle
from agent.core.tracking import PATIENCE_FRAMES

DIAMETER_EDGES_NM = np.arange(0.0, 15.25, 0.5)
CONFIDENCES = 100
"""Ended tracks are kept as counts by class, confidence in so many steps, and size, so that a new threshold works."""
FORGET_AFTER_FRAMES = 2 * PATIENCE_FRAMES
"""A particle unseen for so long becomes a count. Tracking gives its number up before, or it would be counted twice."""
HISTORY_POINTS = 600
"""A history is thinned to at most this many points."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observations:
    """What is known of one particle, from every frame that shows it."""

    log_probability: NDArray[np.float64]
    """(k,), sum over the observations."""
    diameter_nm: float
    """Sum over the observations."""
    count: int
    """Observations in the sums."""
    whole: bool
    """The sums are over observations that the frame's edge does not cut."""
    last_frame: int
    """When it was last seen, by `Stats.frames`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stats:
    """A run so far."""

    classes: tuple[str, ...]
    """The classifier's."""
    frames: int
    """Folded so far."""
    detections: int
    """Particles of every frame, all frames together."""
    open_tracks: Mapping[int, Observations]
    """By the track's number: particles that may be seen again."""
    closed: NDArray[np.int64]
    """(k, CONFIDENCES, sizes): ended tracks that were seen whole, by likeliest class, confidence and diameter."""
    closed_cut: int = 0
    """Ended tracks that the frame's edge cut in every frame that showed them."""
    history_time_s: tuple[float, ...] = ()
    """Camera times of the history's points."""
    history_fraction: tuple[tuple[float, ...], ...] = ()
    """Share of each class among all particles, at each point."""
    stride: int = 1
    """Frames between two points of the history."""


def empty(classes: tuple[str, ...]) -> Stats:
    """Before the first frame."""
    shape = (len(classes), CONFIDENCES, len(DIAMETER_EDGES_NM) - 1)
    return Stats(classes=classes, frames=0, detections=0, open_tracks={}, closed=np.zeros(shape, dtype=np.int64))


def fold(stats: Stats, result: FrameResult, tracks: tuple[int, ...]) -> Stats:
    """Stats after one more frame; `tracks` has the track of each of its particles."""
    frame = stats.frames + 1
    # Every particle of the frame is one more observation of its track.
    opened = dict(stats.open_tracks)
    for particle, track in zip(result.particles, tracks, strict=True):
        opened[track] = _seen(opened.get(track), particle, frame)
    # A track that was not seen for long becomes one count and is forgotten: nothing grows with the run.
    ended = [track for track, seen in opened.items() if frame - seen.last_frame > FORGET_AFTER_FRAMES]
    closed, closed_cut = stats.closed, stats.closed_cut
    if ended:
        closed = closed.copy()
        for seen in map(opened.pop, ended):
            if seen.whole:
                closed[_cell(seen)] += 1
            else:
                closed_cut += 1
    after = replace(
        stats,
        frames=frame,
        detections=stats.detections + len(tracks),
        open_tracks=opened,
        closed=closed,
        closed_cut=closed_cut,
    )
    return _with_history(after, result.camera_time_s) if frame % stats.stride == 0 else after


def fuse(seen: Observations) -> NDArray[np.float64]:
    """Probabilities (k,) of a particle from all its observations."""
    mean = seen.log_probability / seen.count
    raised = np.exp(mean - mean.max())
    return np.asarray(raised / raised.sum())


def _seen(before: Observations | None, particle: Particle, frame: int) -> Observations:
    """What is known after one more observation; the first one that no edge cuts replaces the cut ones."""
    logs = np.log(np.clip(particle.probabilities, 1e-9, None))
    whole = not particle.touches_border
    if before is None or (whole and not before.whole):
        return Observations(
            log_probability=logs, diameter_nm=particle.diameter_nm, count=1, whole=whole, last_frame=frame
        )
    if before.whole and not whole:
        return replace(before, last_frame=frame)
    return replace(
        before,
        log_probability=before.log_probability + logs,
        diameter_nm=before.diameter_nm + particle.diameter_nm,
        count=before.count + 1,
        last_frame=frame,
    )


def _cell(seen: Observations) -> tuple[int, int, int]:
    """Where a particle is counted: (likeliest class, step of its confidence, bin of its diameter)."""
    chance = fuse(seen)
    best = int(chance.argmax())
    size = int(np.searchsorted(DIAMETER_EDGES_NM, seen.diameter_nm / seen.count, side="right")) - 1
    return best, min(int(chance[best] * CONFIDENCES), CONFIDENCES - 1), min(max(size, 0), len(DIAMETER_EDGES_NM) - 2)


def counts_of(stats: Stats) -> NDArray[np.int64]:
    """(k, CONFIDENCES, sizes): every particle that was seen whole, by likeliest class, confidence and diameter."""
    counts = stats.closed.copy()
    for seen in stats.open_tracks.values():
        if seen.whole:
            counts[_cell(seen)] += 1
    return counts


def cut_of(stats: Stats) -> int:
    """Particles of the run that were never seen whole."""
    return stats.closed_cut + sum(not seen.whole for seen in stats.open_tracks.values())


def _with_history(stats: Stats, time_s: float) -> Stats:
    """One more point of the running shares of the likeliest class; a full history loses every second point."""
    by_class = counts_of(stats).sum((1, 2))
    total = int(by_class.sum())
    if not total:
        return stats
    times = (*stats.history_time_s, time_s)
    shares = (*stats.history_fraction, tuple(float(n) / total for n in by_class))
    if len(times) > HISTORY_POINTS:
        return replace(stats, history_time_s=times[::2], history_fraction=shares[::2], stride=stats.stride * 2)
    return replace(stats, history_time_s=times, history_fraction=shares)

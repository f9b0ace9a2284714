"""Which particle of this frame is which of the last ones: a particle seen in twenty frames is one particle. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from agent.core.results import FrameResult

GATE_DIAMETERS = 0.5
"""A particle may move this part of its diameter between detections, after the common drift is taken off."""
SIZE_RATIO = 1.6
"""Two detections of one particle differ in diameter by less than this factor."""
PATIENCE_FRAMES = 10
"""A track that was not seen for so many frames has ended."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tracks:
    """Particles that may still be seen, in nm from the corner of the frame."""

    number: NDArray[np.int64]
    """(n,), unique in the run."""
    at_nm: NDArray[np.float64]
    """(n, 2), y then x, where each was last seen."""
    diameter_nm: NDArray[np.float64]
    """(n,), when each was last seen."""
    missed: NDArray[np.int64]
    """(n,), frames since each was seen."""
    next_number: int = 0
    """Of the next particle that nobody has seen before."""


def no_tracks() -> Tracks:
    """The state before the first frame."""
    nothing = np.empty(0)
    return Tracks(
        number=nothing.astype(np.int64), at_nm=np.empty((0, 2)), diameter_nm=nothing, missed=nothing.astype(np.int64)
    )


def follow(tracks: Tracks, result: FrameResult) -> tuple[Tracks, tuple[int, ...]]:
    """(the tracks after one more frame, the track of each of its particles)."""
    # Where the particles of this frame are, and how the whole view has moved since the last one.
    at_nm = np.array([[p.y_px, p.x_px] for p in result.particles]).reshape(-1, 2) * result.pixel_size_nm
    diameter_nm = np.array([p.diameter_nm for p in result.particles])
    drift_nm = _drift(tracks, at_nm, diameter_nm)
    known, seen = _matches(tracks.at_nm + drift_nm, tracks.diameter_nm, at_nm, diameter_nm)
    # Those that were recognised keep their number; the others get new ones.
    numbers = np.full(len(at_nm), -1, dtype=np.int64)
    numbers[seen] = tracks.number[known]
    fresh = numbers < 0
    numbers[fresh] = tracks.next_number + np.arange(fresh.sum())
    # Those that this frame does not show move with the view and wait, until they have been missed too often.
    left = np.setdiff1d(np.arange(len(tracks.number)), known)
    left = left[tracks.missed[left] < PATIENCE_FRAMES]
    after = Tracks(
        number=np.concatenate([numbers, tracks.number[left]]),
        at_nm=np.concatenate([at_nm, tracks.at_nm[left] + drift_nm]),
        diameter_nm=np.concatenate([diameter_nm, tracks.diameter_nm[left]]),
        missed=np.concatenate([np.zeros(len(numbers), dtype=np.int64), tracks.missed[left] + 1]),
        next_number=tracks.next_number + int(fresh.sum()),
    )
    return after, tuple(int(n) for n in numbers)


def _drift(tracks: Tracks, at_nm: NDArray[np.float64], diameter_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shift of the whole view: of all pairs' displacements, the one that most others share."""
    if not len(tracks.number) or not len(at_nm):
        return np.zeros(2)
    # Every old particle with every new one; true pairs share one displacement, false ones scatter.
    moves = (at_nm[None] - tracks.at_nm[:, None]).reshape(-1, 2)
    near = moves[np.linalg.norm(moves, axis=1) < 2 * float(np.median(diameter_nm))]
    if len(near) < 2:
        return np.zeros(2)
    votes = (np.linalg.norm(near[:, None] - near[None], axis=2) < 0.2 * float(np.median(diameter_nm))).sum(1)
    if votes.max() < 2:
        return np.zeros(2)
    chosen = near[np.linalg.norm(near - near[votes.argmax()], axis=1) < 0.2 * float(np.median(diameter_nm))]
    return np.asarray(np.median(chosen, axis=0))


def _matches(
    old_nm: NDArray[np.float64],
    old_diameter_nm: NDArray[np.float64],
    new_nm: NDArray[np.float64],
    new_diameter_nm: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices (old, new) of the assignment of least total distance among the pairs within the gate."""
    if not len(old_nm) or not len(new_nm):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    distance = np.linalg.norm(old_nm[:, None] - new_nm[None], axis=2)
    ratio = old_diameter_nm[:, None] / new_diameter_nm[None]
    gate = GATE_DIAMETERS * np.minimum(old_diameter_nm[:, None], new_diameter_nm[None])
    possible = (distance < gate) & (ratio < SIZE_RATIO) & (ratio > 1 / SIZE_RATIO)
    rows, columns = linear_sum_assignment(np.where(possible, distance, 1e6))
    good = possible[rows, columns]
    return rows[good], columns[good]

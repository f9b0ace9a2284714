"""Counts of a run to what is known of its population: answers, fractions with intervals, sizes. Pure."""

from __future__ import annotations

import numpy as np

from agent.core.statistics.accumulate import CONFIDENCES, DIAMETER_EDGES_NM, Stats, counts_of, cut_of
from agent.core.statistics.prevalence import corrected_fractions, wilson
from protocol.labels import UNKNOWN
from protocol.snapshot import ShapeStatistics, Statistics


def summarise(stats: Stats, threshold: float, confusion: tuple[tuple[float, ...], ...] = ()) -> Statistics:
    """What a snapshot shows of the counts, at a threshold of the confidence.

    With confusion counts (k, k + 1) the fractions are corrected for them, and their intervals are of the profile
    likelihood; without, the fractions are the plain shares of the named particles, with Wilson's intervals. Particles
    that were never seen whole are in none of these; their number stands apart.
    """
    # What is less sure than the threshold is unknown; the confidence is kept in steps, so this is a sum over them.
    counts = counts_of(stats)
    first = int(np.ceil(threshold * CONFIDENCES - 1e-9))
    named = counts[:, first:].sum(1)
    unknown = counts[:, :first].sum((0, 1))
    answers = np.append(named.sum(1), unknown.sum())
    total = int(answers.sum())
    # Fractions are of the named particles, `unknown` is of all.
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
        cut=cut_of(stats),
        frames=stats.frames,
        detections=stats.detections,
        shapes=tuple(shapes),
        diameter_edges_nm=DIAMETER_EDGES_NM,
        history_time_s=np.array(stats.history_time_s, dtype=np.float64),
        history_fraction=np.array(stats.history_fraction, dtype=np.float32).reshape(-1, len(stats.classes)),
    )

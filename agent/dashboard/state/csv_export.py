"""A snapshot as CSV. One row a class; each says where it comes from, so that many runs can be joined. No Qt."""

from __future__ import annotations

import csv
import io
import itertools
import math
from datetime import UTC, datetime

from agent.core.statistics.quantiles import quantiles_nm
from protocol.labels import UNKNOWN
from protocol.snapshot import ShapeStatistics, Snapshot

ORIGIN = (
    "run",
    "time_utc",
    "model",
    "backend",
    "model_warnings",
    "frames_analysed",
    "threshold",
    "pixel_size_nm",
    "pixel_size_provenance",
)
COUNTED = (
    "particles",
    "cut_by_the_border",
    "sightings",
    "shape",
    "count",
    "fraction_of",
    "fraction",
    "low_95",
    "high_95",
    "share_as_counted",
)
SIZED = ("diameter_median_nm", "diameter_16_percent_nm", "diameter_84_percent_nm")


def to_csv(snapshot: Snapshot) -> str:
    """Count, fraction (corrected for confusions where the model card allows it), interval, diameters.

    The fraction of a class is of the particles that have a name, that of ``unknown`` is of all; particles that the
    border of the frame cut are in neither. An empty field is a number that there is not. Medians and percentiles are
    read off the histogram that ends each row.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    bins = [f"{a:g}-{b:g} nm" for a, b in itertools.pairwise(snapshot.statistics.diameter_edges_nm)]
    writer.writerow([*ORIGIN, *COUNTED, *SIZED, *bins])
    for shape in snapshot.statistics.shapes:
        writer.writerow([*_origin(snapshot), *_counted(snapshot, shape), *_sized(snapshot, shape)])
    return text.getvalue()


def _origin(snapshot: Snapshot) -> list[object]:
    frame = snapshot.frame
    return [
        snapshot.run,
        datetime.fromtimestamp(snapshot.created_time_s, UTC).isoformat(timespec="seconds"),
        snapshot.health.model,
        snapshot.health.backend,
        "; ".join(snapshot.health.warnings),
        snapshot.statistics.frames,
        snapshot.threshold,
        "" if frame is None else frame.pixel_size_nm,
        "" if frame is None else frame.pixel_size_provenance,
    ]


def _counted(snapshot: Snapshot, shape: ShapeStatistics) -> list[object]:
    statistics = snapshot.statistics
    everything = shape.shape == UNKNOWN
    whole = sum(s.count for s in statistics.shapes if everything or s.shape != UNKNOWN)
    return [
        statistics.particles,
        statistics.cut,
        statistics.detections,
        shape.shape,
        shape.count,
        "all" if everything else "named",
        *map(_number, (shape.fraction, shape.fraction_low, shape.fraction_high)),
        _number(shape.count / whole if whole else math.nan),
    ]


def _sized(snapshot: Snapshot, shape: ShapeStatistics) -> list[object]:
    found = quantiles_nm(shape.diameter_counts, snapshot.statistics.diameter_edges_nm, (0.5, 0.16, 0.84))
    return [*map(_number, found), *(int(n) for n in shape.diameter_counts)]


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"

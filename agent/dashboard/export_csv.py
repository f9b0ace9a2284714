"""The statistics of a snapshot as CSV. No Qt."""

from __future__ import annotations

import csv
import io
import itertools

from protocol.snapshot import Snapshot


def to_csv(snapshot: Snapshot) -> str:
    """One row a class: count, fraction, interval, and the histogram of diameters."""
    text = io.StringIO()
    edges = snapshot.statistics.diameter_edges_nm
    writer = csv.writer(text, lineterminator="\n")
    bins = [f"{a:g}-{b:g} nm" for a, b in itertools.pairwise(edges)]
    writer.writerow(["run", "shape", "count", "fraction", "low_95", "high_95", "threshold", *bins])
    for s in snapshot.statistics.shapes:
        writer.writerow(
            [
                snapshot.run,
                s.shape,
                s.count,
                f"{s.fraction:.4f}",
                f"{s.fraction_low:.4f}",
                f"{s.fraction_high:.4f}",
                snapshot.threshold,
                *(int(n) for n in s.diameter_counts),
            ]
        )
    return text.getvalue()

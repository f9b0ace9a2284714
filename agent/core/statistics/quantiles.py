"""Median and spread of diameters that are kept as a histogram. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def quantiles_nm(
    counts: NDArray[np.integer], edges_nm: NDArray[np.floating], shares: tuple[float, ...]
) -> tuple[float, ...]:
    """Diameters below which those shares of the particles lie; NaN without particles.

    Args:
        counts: (b,), particles a bin, taken as spread evenly over it.
        edges_nm: (b + 1,).
        shares: each 0 to 1.
    """
    total = float(np.sum(counts))
    if total <= 0:
        return tuple(float("nan") for _ in shares)
    below = np.concatenate([[0.0], np.cumsum(counts, dtype=np.float64)])
    return tuple(_crossing(below, np.asarray(edges_nm, dtype=np.float64), share * total) for share in shares)


def median_and_spread_nm(counts: NDArray[np.integer], edges_nm: NDArray[np.floating]) -> tuple[float, float]:
    """(median, half the width of the middle 68 %) in nm, of counts (b,) between edges (b + 1,).

    Of a normal distribution the second is σ.
    """
    low, middle, high = quantiles_nm(counts, edges_nm, (0.16, 0.5, 0.84))
    return middle, (high - low) / 2


def _crossing(below: NDArray[np.float64], edges_nm: NDArray[np.float64], wanted: float) -> float:
    """Where the cumulative count reaches `wanted`; on a plateau (empty bins) its middle."""
    first = max(int(np.searchsorted(below, wanted, side="left")), 1)
    last = int(np.searchsorted(below, wanted, side="right")) - 1
    if last >= first:
        return float(edges_nm[first] + edges_nm[last]) / 2
    step = (wanted - below[first - 1]) / (below[first] - below[first - 1])
    return float(edges_nm[first - 1] + step * (edges_nm[first] - edges_nm[first - 1]))

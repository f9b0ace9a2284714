"""Atoms spread on pixels by a Kaiser-Bessel window: the first half of a non-uniform Fourier transform.

Fessler and Sutton, IEEE Trans. Signal Process. 51 (2003) 560. The sum over atoms is taken in integers, so that it is
the same to the last bit in whatever order a device adds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

WINDOW = 5
"""Width of an atom's footprint, pixels: within 8e-4 of an atom's factor at the band limit, better inside."""
BETA = math.pi * math.sqrt((WINDOW * 2 / 3) ** 2 - 0.8)
"""Kaiser-Bessel shape for frequencies up to a third of the sampling rate: oversampling 1.5 in Beatty 2005, eq. 5."""
TABLE = 4096
"""Steps of the tabulated window in a pixel; with linear interpolation it is right to 1e-7."""
UNIT = 1 << 24
"""One atom at a pixel's centre, as an integer: 127 atoms may lie on one pixel."""


def window(distance_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kaiser-Bessel window, one at 0 and none from half of `WINDOW` on."""
    inside = np.clip(1 - (2 * distance_px / WINDOW) ** 2, 0, None)
    return np.where(np.abs(distance_px) < WINDOW / 2, np.i0(BETA * np.sqrt(inside)) / np.i0(BETA), 0.0)


def window_transform(g_per_px: torch.Tensor) -> torch.Tensor:
    """Transform of `window`, real and positive within the band limit (Jackson et al. 1991, eq. A4)."""
    argument = BETA**2 - (math.pi * WINDOW * g_per_px) ** 2
    root = torch.sqrt(argument.abs()).clamp_min(1e-9)
    return WINDOW / float(np.i0(BETA)) * torch.where(argument > 0, torch.sinh(root), torch.sin(root)) / root


@lru_cache(maxsize=2)
def _table(device: torch.device) -> torch.Tensor:
    """(WINDOW, TABLE + 2): the window at its pixels for an atom at that fraction of a pixel."""
    distance = np.arange(WINDOW)[:, None] + 1 - WINDOW / 2 - np.arange(TABLE + 2) / TABLE
    return torch.from_numpy(window(distance)).to(device, torch.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footprints:
    """Where m atoms fall on a periodic square of pixels. Atoms run along the last axis, which vectorises."""

    rows: torch.Tensor
    """(WINDOW, m) int64."""
    columns: torch.Tensor
    """(WINDOW, m) int64."""
    row_weights: torch.Tensor
    """(WINDOW, m) float32."""
    column_weights: torch.Tensor
    """(WINDOW, m) float32."""


def footprints(at_px: torch.Tensor, size_px: int) -> Footprints:
    """Of atoms at (2, m) y, x in pixels, float64; outside the square they come in again on the other side."""
    device = at_px.device
    # The first of the WINDOW pixels under an atom's window, and where between two steps of the table it lies.
    inside = torch.remainder(at_px, size_px).flatten()
    before = torch.floor(inside - WINDOW / 2)
    step = (inside - WINDOW / 2 - before) * TABLE
    low = step.to(torch.int64)
    table = _table(device)
    weights = torch.lerp(table.index_select(1, low), table.index_select(1, low + 1), (step - low).to(torch.float32))
    # Pixels are looked up: to compare or divide so many integers takes several times as long.
    around = torch.arange(WINDOW, device=device)[:, None] + torch.arange(size_px + 1, device=device) - WINDOW // 2
    pixels = torch.remainder(around, size_px).index_select(1, before.to(torch.int64) + WINDOW // 2 + 1)
    rows, columns = pixels.view(WINDOW, 2, -1).unbind(1)
    row_weights, column_weights = weights.view(WINDOW, 2, -1).unbind(1)
    return Footprints(rows=rows, columns=columns, row_weights=row_weights, column_weights=column_weights)


def spread_atoms(
    atoms: Footprints, chosen: slice, plane: torch.Tensor, planes: int, rows: tuple[int, int], size_px: int
) -> torch.Tensor:
    """Sum of the chosen atoms on the rows from first to end, (planes, end - first, n) float32, in 1 / UNIT.

    `plane` (m,) int64 is each atom's. All rows that the atoms touch must be among those asked for.
    """
    # Where in one long row of all planes each pixel of each footprint lies.
    height = rows[1] - rows[0]
    base = (plane[chosen] * height - rows[0] + atoms.rows[:, chosen]) * size_px
    flat = base[:, None] + atoms.columns[:, chosen]
    # What each of them gets, as an integer: sums of integers do not depend on their order.
    mass = (atoms.row_weights[:, chosen] * UNIT)[:, None] * atoms.column_weights[:, chosen]
    total = torch.zeros(planes * height * size_px, dtype=torch.int32, device=plane.device)
    total.scatter_add_(0, flat.flatten(), mass.to(torch.int32).flatten())
    return total.to(torch.float32).view(planes, height, size_px)

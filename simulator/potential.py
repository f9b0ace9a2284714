"""Atoms to projected potential slices, exact inside the band limit.

Each atom is spread on the grid (`simulator.splat`), the sum is transformed, divided by the window's transform and
multiplied by the scattering factor: a non-uniform Fourier transform. Against the analytic factor the error is below
1e-3 inside the 2/3 limit (tests/simulator/test_potential.py); the common bilinear splat is 15 % off there. All of an
atom's potential falls in the slice that its centre is in (infinite projection). Thermal motion is not in the potential:
the positions that come in are displaced already (frozen phonons, one configuration a sample).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from simulator.grid import Grid, band_columns, band_limit, frequencies, from_band, to_band
from simulator.scattering import POTENTIAL_V_NM2, scattering_factor_nm
from simulator.splat import WINDOW, Footprints, footprints, spread, window_transform


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Atoms:
    """Atoms of one sample. The field is periodic in x and y; the beam runs along +z."""

    positions_nm: NDArray[np.floating]
    """(m, 3): x, y from the corner pixel, and z."""
    numbers: NDArray[np.integer]
    """(m,): atomic numbers."""

    def __post_init__(self) -> None:
        if self.positions_nm.shape != (len(self.numbers), 3) or not len(self.numbers):
            raise ValueError(
                f"a sample needs positions (m, 3) and numbers (m,) of m > 0 atoms, "
                f"got {self.positions_nm.shape} and {self.numbers.shape}"
            )


def slice_numbers(z_nm: NDArray[np.floating], slice_nm: float) -> tuple[NDArray[np.int64], int]:
    """Slice of each atom and the number of slices; the first slice begins at the smallest z. No atom is dropped."""
    above = np.asarray(z_nm, dtype=np.float64) - float(np.min(z_nm))
    index = np.floor(above / slice_nm + 1e-9).astype(np.int64)
    return index, int(index.max()) + 1


def projection_filter(atomic_number: int, grid: Grid, device: torch.device) -> torch.Tensor:
    """What turns the transform (n, n) of a splat into that of the projected potential, V nm; real and even."""
    g_y, g_x = frequencies(grid, device)
    factor = scattering_factor_nm(atomic_number, g_y**2 + g_x**2) * POTENTIAL_V_NM2 / grid.pixel_size_nm**2
    window = window_transform(g_y * grid.pixel_size_nm) * window_transform(g_x * grid.pixel_size_nm)
    return (factor / window).to(torch.float32) * band_limit(grid, device)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlicePair:
    """Two neighbouring slices of b samples on the rows from `first` to `end`; there is nothing on the others."""

    first: int
    end: int
    potentials_v_nm: torch.Tensor
    """(b, end - first, n) complex64: the earlier slice is its real, the later its imaginary part."""


def slice_pairs(
    samples: Sequence[Atoms], grid: Grid, slice_nm: float, device: torch.device, *, margin_nm: float = math.inf
) -> Iterator[SlicePair | None]:
    """Projected potentials of samples, two slices at a time along the beam, for they ride through one transform.

    All samples end with the last slice; shallower ones, and an odd number of slices, begin late. None stands for two
    empty slices. Rows farther than `margin_nm` from every atom's footprint are left out. No more than one pair is held
    at a time.
    """
    numbered = [slice_numbers(s.positions_nm[:, 2], slice_nm) for s in samples]
    pairs = -(-max(count for _, count in numbered) // 2)
    index = np.concatenate([own + (2 * pairs - count) for own, count in numbered])
    element = np.concatenate([s.numbers for s in samples])
    order = np.lexsort((element, index // 2))
    sample = np.repeat(np.arange(len(samples)), [len(s.numbers) for s in samples])
    plane = torch.from_numpy((2 * sample + index % 2)[order]).to(device)
    at_px = np.concatenate([s.positions_nm[:, 1::-1] for s in samples]).astype(np.float64)[order].T / grid.pixel_size_nm
    marks = footprints(torch.from_numpy(np.ascontiguousarray(at_px)).to(device), grid.size_px)
    groups = _groups((index // 2)[order], element[order], at_px[0], grid.size_px)
    margin_px = math.ceil(min(margin_nm / grid.pixel_size_nm, grid.size_px))
    for pair in range(pairs):
        yield _slice_pair(groups[pair], marks, plane, len(samples), grid, margin_px) if pair in groups else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Atoms of one element in one pair of slices."""

    element: int
    chosen: slice
    rows: tuple[int, int]
    """(first, end) of the rows that they touch; all rows where one comes in again on the other side."""


def _groups(
    pair: NDArray[np.integer], element: NDArray[np.integer], row_px: NDArray[np.float64], size_px: int
) -> dict[int, list[_Group]]:
    """Of each pair of slices its groups; the arrays (m,) are sorted by pair, then by element."""
    starts = np.flatnonzero(np.diff(pair, prepend=-1) | np.diff(element, prepend=-1))
    lows = np.floor(np.minimum.reduceat(row_px, starts)).astype(int) - WINDOW // 2
    highs = np.ceil(np.maximum.reduceat(row_px, starts)).astype(int) + WINDOW // 2 + 1
    groups: dict[int, list[_Group]] = {}
    for start, end, low, high in zip(starts, [*starts[1:], len(pair)], lows, highs, strict=True):
        rows = (int(low), int(high)) if 0 <= low < high <= size_px else (0, size_px)
        group = _Group(element=int(element[start]), chosen=slice(int(start), int(end)), rows=rows)
        groups.setdefault(int(pair[start]), []).append(group)
    return groups


def _slice_pair(
    groups: list[_Group], marks: Footprints, plane: torch.Tensor, samples: int, grid: Grid, margin_px: int
) -> SlicePair:
    columns, size_px = band_columns(grid), grid.size_px
    spectra = []
    for group in groups:
        density = spread(marks, group.chosen, plane, 2 * samples, group.rows, size_px)
        by_row = density.new_zeros((samples, size_px, 2 * columns + 1))
        by_row[:, slice(*group.rows)] = to_band(torch.fft.fft(density), columns)
        spectra.append(torch.fft.fft(by_row, dim=-2).mul_(_filter_in_band(group.element, grid, plane.device)))
    first = min(group.rows[0] for group in groups) - margin_px
    end = max(group.rows[1] for group in groups) + margin_px
    if first < 0 or end > size_px:
        first, end = 0, size_px
    by_row = torch.fft.ifft(sum(spectra[1:], spectra[0]), dim=-2)[:, first:end]
    return SlicePair(first=first, end=end, potentials_v_nm=torch.fft.ifft(from_band(by_row, size_px)))


@lru_cache(maxsize=16)
def _filter_in_band(atomic_number: int, grid: Grid, device: torch.device) -> torch.Tensor:
    return to_band(projection_filter(atomic_number, grid, device), band_columns(grid))


def projected_slices(
    positions_nm: NDArray[np.floating], atomic_number: int, grid: Grid, slice_nm: float, device: torch.device
) -> torch.Tensor:
    """Projected potential of every slice, (slices, n, n) float32 in V nm, beam along +z, one element."""
    atoms = Atoms(positions_nm=positions_nm, numbers=np.full(len(positions_nm), atomic_number))
    _, count = slice_numbers(positions_nm[:, 2], slice_nm)
    empty = torch.zeros(1, grid.size_px, grid.size_px, dtype=torch.complex64, device=device)
    pairs = [empty if pair is None else pair.potentials_v_nm for pair in slice_pairs([atoms], grid, slice_nm, device)]
    parts = torch.view_as_real(torch.cat(pairs))
    return parts.movedim(-1, 1).flatten(0, 1)[-count:].contiguous()

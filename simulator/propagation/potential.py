"""Atoms to projected potential slices, exact inside the band limit.

Each atom is spread on the grid (`simulator.propagation.spreading`), the sum is transformed, divided by the window's
transform and multiplied by the scattering factor: a non-uniform Fourier transform. Against the analytic factor the
error is below 1e-3 inside the 2/3 limit (tests/simulator/propagation/test_potential.py); the common bilinear spreading
is 15 % off there. All of an atom's potential falls in the slice that its centre is in (infinite projection). Thermal
motion is not in the potential: the positions that come in are displaced already (frozen phonons, one configuration per
sample).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from simulator.propagation.grid import Grid, band_columns, band_limit, frequencies, row_scratch
from simulator.propagation.scattering_factors import POTENTIAL_V_NM2, scattering_factor_nm
from simulator.propagation.spreading import UNIT, WINDOW, Footprints, footprints, spread_atoms, window_transform


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
    """What turns the transform (n, n) of a spread atom into that of the projected potential, V nm; real and even."""
    g_y, g_x = frequencies(grid, device)
    factor = scattering_factor_nm(atomic_number, g_y**2 + g_x**2) * POTENTIAL_V_NM2 / grid.pixel_size_nm**2
    window = window_transform(g_y * grid.pixel_size_nm) * window_transform(g_x * grid.pixel_size_nm)
    return (factor / window).to(torch.float32) * band_limit(grid, device)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slice:
    """One slice of b samples on the rows from `first` to `end`; there is nothing on the others."""

    first: int
    """Row."""
    end: int
    """Row after the last."""
    potential_v_nm: torch.Tensor
    """(b, end - first, n) float32."""


def projected(
    samples: Sequence[Atoms], grid: Grid, slice_nm: float, device: torch.device, *, margin_nm: float = math.inf
) -> Iterator[Slice | None]:
    """Projected potentials of samples, slice by slice along the beam; None stands for an empty one.

    All samples end with the last slice; shallower ones begin late. Rows farther than `margin_nm` from every atom's
    footprint are left out. No more than one slice is held at a time.
    """
    # Slice of every atom, counted so that all samples end with the same last slice.
    numbered = [slice_numbers(s.positions_nm[:, 2], slice_nm) for s in samples]
    slices = max(count for _, count in numbered)
    index = np.concatenate([numbers + (slices - count) for numbers, count in numbered])
    element = np.concatenate([s.numbers for s in samples])
    # Atoms in the order of their slice, then of their element, so that each group is one piece of the arrays.
    # Numpy sorts integers of at most two bytes by radix, seven times as fast.
    order = np.lexsort((element.astype(np.uint8), index.astype(np.min_scalar_type(slices))))
    sample = np.repeat(np.arange(len(samples)), [len(s.numbers) for s in samples])
    at_px = np.concatenate([s.positions_nm[:, 1::-1] for s in samples]).astype(np.float64)[order].T / grid.pixel_size_nm
    # Atoms of one element in one slice share a scattering factor: they are summed before the transform.
    groups = _groups(index[order], element[order], at_px[0], grid.size_px)
    projector = _Projector(
        grid=grid,
        marks=footprints(torch.from_numpy(np.ascontiguousarray(at_px)).to(device), grid.size_px),
        sample=torch.from_numpy(sample[order]).to(device),
        margin_px=math.ceil(min(margin_nm / grid.pixel_size_nm, grid.size_px)),
        by_row=row_scratch(len(samples), grid.size_px, grid.size_px // 2 + 1, device),
    )
    # One slice after the other; a slice that no atom lies in costs nothing.
    for number in range(slices):
        yield projector.project(groups[number]) if number in groups else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Atoms of one element in one slice."""

    element: int
    """Atomic number."""
    chosen: slice
    """Which of the sorted atoms."""
    rows: tuple[int, int]
    """(first, end) of the rows that they touch; all rows where one comes in again on the other side."""


def _groups(
    index: NDArray[np.integer], element: NDArray[np.integer], row_px: NDArray[np.float64], size_px: int
) -> dict[int, list[_Group]]:
    """Of each slice its groups; the arrays (m,) are sorted by slice, then by element."""
    # A group begins where slice or element changes; its lowest and highest row follow from its atoms' footprints.
    starts = np.flatnonzero(np.diff(index, prepend=-1) | np.diff(element, prepend=-1))
    lows = np.floor(np.minimum.reduceat(row_px, starts)).astype(int) - WINDOW // 2
    highs = np.ceil(np.maximum.reduceat(row_px, starts)).astype(int) + WINDOW // 2 + 1
    groups: dict[int, list[_Group]] = {}
    for start, end, low, high in zip(starts, [*starts[1:], len(index)], lows, highs, strict=True):
        rows = (int(low), int(high)) if 0 <= low < high <= size_px else (0, size_px)
        group = _Group(element=int(element[start]), chosen=slice(int(start), int(end)), rows=rows)
        groups.setdefault(int(index[start]), []).append(group)
    return groups


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Projector:
    """Sums of atoms to potentials, by real transforms."""

    grid: Grid
    """Of the potential."""
    marks: Footprints
    """Of all atoms, in the order of `sample`."""
    sample: torch.Tensor
    """(m,) int64: which sample each atom belongs to."""
    margin_px: int
    """Rows beyond the outermost footprint that are kept."""
    by_row: torch.Tensor
    """(b, n, n / 2 + 1) scratch, zero beyond the first k + 1 frequencies."""

    def project(self, groups: list[_Group]) -> Slice:
        """One slice's potential from the sums over its groups."""
        # Rows that are worth anything: those of all groups and a margin, or all where that passes the border.
        first = min(group.rows[0] for group in groups) - self.margin_px
        end = max(group.rows[1] for group in groups) + self.margin_px
        if first < 0 or end > self.grid.size_px:
            first, end = 0, self.grid.size_px
        # Sum of the elements' spectra; back along y, then, of the rows that are needed, along x.
        spectra = [self._spectrum(group) for group in groups]
        by_column = torch.fft.ifft(sum(spectra[1:], spectra[0]))
        by_row = self.by_row[:, : end - first]
        by_row[..., : by_column.shape[-2]] = by_column[..., first:end].mT
        return Slice(first=first, end=end, potential_v_nm=torch.fft.irfft(by_row, n=self.grid.size_px))

    def _spectrum(self, group: _Group) -> torch.Tensor:
        """Of the potential, (b, k + 1, n): the columns within the band limit, each along memory."""
        size_px, columns = self.grid.size_px, band_columns(self.grid)
        # Atoms as footprints on the touched rows, then to frequencies along x; rows without atoms are zero.
        density = spread_atoms(self.marks, group.chosen, self.sample, len(self.by_row), group.rows, size_px)
        by_row = torch.fft.rfft(density)[..., : columns + 1]
        if density.shape[-2] < size_px:
            by_row = torch.nn.functional.pad(by_row, (0, 0, group.rows[0], size_px - group.rows[1]))
        # Along y, and from the window's transform to the scattering factor.
        return torch.fft.fft(by_row.mT).mul_(_filter_in_band(group.element, self.grid, density.device))


@lru_cache(maxsize=16)
def _filter_in_band(atomic_number: int, grid: Grid, device: torch.device) -> torch.Tensor:
    """Of sums in 1 / UNIT, (k + 1, n); complex64, for the product with a real one takes twice as long."""
    half = projection_filter(atomic_number, grid, device)[:, : band_columns(grid) + 1]
    return (half.T / UNIT).to(torch.complex64, memory_format=torch.contiguous_format)


def projected_slices(
    positions_nm: NDArray[np.floating], atomic_number: int, grid: Grid, slice_nm: float, device: torch.device
) -> torch.Tensor:
    """Projected potential of every slice, (slices, n, n) float32 in V nm, beam along +z, one element."""
    atoms = Atoms(positions_nm=positions_nm, numbers=np.full(len(positions_nm), atomic_number))
    empty = torch.zeros(1, grid.size_px, grid.size_px, device=device)
    return torch.cat([empty if s is None else s.potential_v_nm for s in projected([atoms], grid, slice_nm, device)])

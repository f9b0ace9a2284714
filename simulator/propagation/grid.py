"""Square periodic grids and their spatial frequencies. Axes are (y, x); frequencies are in 1/nm, FFT order."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A periodic square of `size_px` pixels a side."""

    size_px: int
    """Pixels a side."""
    pixel_size_nm: float
    """Width of a pixel."""

    @property
    def width_nm(self) -> float:
        """Period."""
        return self.size_px * self.pixel_size_nm

    @property
    def band_limit_per_nm(self) -> float:
        """Two thirds of the Nyquist frequency: beyond it, products of two band-limited waves would fold back."""
        return 1 / (3 * self.pixel_size_nm)


def frequencies(grid: Grid, device: torch.device, *, half: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """(g_y, g_x) that broadcast to (n, n), or to (n, n // 2 + 1) for real transforms."""
    g_y = torch.fft.fftfreq(grid.size_px, grid.pixel_size_nm, device=device, dtype=torch.float64)
    make = torch.fft.rfftfreq if half else torch.fft.fftfreq
    g_x = make(grid.size_px, grid.pixel_size_nm, device=device, dtype=torch.float64)
    return g_y[:, None], g_x[None, :]


def band_limit(grid: Grid, device: torch.device, *, half: bool = False) -> torch.Tensor:
    """Mask (0 or 1, float32) of the frequencies within the 2/3 limit."""
    g_y, g_x = frequencies(grid, device, half=half)
    return (g_y**2 + g_x**2 <= grid.band_limit_per_nm**2).to(torch.float32)


def band_columns(grid: Grid) -> int:
    """Highest column k of a spectrum within the 2/3 limit. "In band order" columns run from -k to k."""
    return int(grid.size_px / 3 + 1e-9)


def to_band(spectrum: torch.Tensor, columns: int) -> torch.Tensor:
    """Columns of (..., n) in FFT order to band order, (..., 2 k + 1); the others are dropped."""
    return torch.cat([spectrum[..., spectrum.shape[-1] - columns :], spectrum[..., : columns + 1]], -1)


def from_band(band: torch.Tensor, size_px: int) -> torch.Tensor:
    """Band order (..., 2 k + 1) to FFT order (..., n), zero in between."""
    columns = band.shape[-1] // 2
    result = band.new_zeros((*band.shape[:-1], size_px))
    result[..., : columns + 1] = band[..., columns:]
    result[..., size_px - columns :] = band[..., :columns]
    return result


def row_scratch(batch: int, height: int, length: int, device: torch.device) -> torch.Tensor:
    """Zeros (batch, height, length), complex64: room for rows of spectra whose columns run along memory.

    Rows run along memory here too, best for their transform, but where the columns have 256 or 512 numbers: there a
    row's numbers share a few lines of the cache, and gathering it costs more than transforming it. Then columns run
    along memory, with some room between.
    """
    if height % 256:
        return torch.zeros(batch, height, length, dtype=torch.complex64, device=device)
    return torch.zeros(batch, length, height + 8, dtype=torch.complex64, device=device)[..., :height].mT


def resample_spectrum(spectrum: torch.Tensor, size_px: int) -> torch.Tensor:
    """Crop or zero-pad square FFT-order spectra (..., n, n) to (..., size, size); the mean of the image is kept.

    A Nyquist row of an even grid is dropped on the way down, so that a real image stays real.
    """
    old_px = spectrum.shape[-1]
    if old_px == size_px:
        return spectrum
    keep = min(old_px, size_px)
    positive, negative = (keep + 1) // 2, (keep - 1) // 2
    old = torch.cat([torch.arange(positive), torch.arange(old_px - negative, old_px)]).to(spectrum.device)
    new = torch.cat([torch.arange(positive), torch.arange(size_px - negative, size_px)]).to(spectrum.device)
    result = spectrum.new_zeros((*spectrum.shape[:-2], size_px, size_px))
    result[..., new[:, None], new[None, :]] = spectrum[..., old[:, None], old[None, :]]
    return result * (size_px / old_px) ** 2

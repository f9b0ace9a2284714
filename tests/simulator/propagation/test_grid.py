"""Grids: resampling by their frequencies."""

from __future__ import annotations

import torch

from simulator.propagation.grid import resample_spectrum


def test_resampling_keeps_the_mean_and_a_slow_wave() -> None:
    x = torch.arange(96) / 96
    image = 1 + 0.1 * torch.cos(2 * torch.pi * 3 * x)[None, :] + torch.zeros(96, 1)
    small = torch.fft.ifft2(resample_spectrum(torch.fft.fft2(image), 64)).real
    wanted = 1 + 0.1 * torch.cos(2 * torch.pi * 3 * torch.arange(64) / 64)[None, :] + torch.zeros(64, 1)
    assert torch.allclose(small, wanted, atol=1e-5)

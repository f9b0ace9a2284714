"""exp(i phase) and exp(-x) of real tensors, the most expensive pointwise work of multislice and lens."""

from __future__ import annotations

import numpy as np
import torch


def exp_i(phase_rad: torch.Tensor) -> torch.Tensor:
    """exp(i phase), float32 in, complex64 out, any shape.

    On the CPU by numpy, whose single-precision sine is three times as fast as torch's and as accurate (1e-7).
    """
    if phase_rad.device.type == "cpu" and phase_rad.dtype == torch.float32:
        values = phase_rad.numpy()
        return torch.complex(torch.from_numpy(np.cos(values)), torch.from_numpy(np.sin(values)))
    return torch.complex(torch.cos(phase_rad), torch.sin(phase_rad))


def exp_minus(exponent: torch.Tensor) -> torch.Tensor:
    """exp(-exponent), float32, any shape; by numpy on the CPU as in `exp_i`."""
    if exponent.device.type == "cpu" and exponent.dtype == torch.float32:
        return torch.from_numpy(np.exp(-exponent.numpy()))
    return torch.exp(-exponent)


def squared_modulus(value: torch.Tensor) -> torch.Tensor:
    """|value|^2 of complex numbers of any shape, real; products are several times faster than powers."""
    return value.real * value.real + value.imag * value.imag

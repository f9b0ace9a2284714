"""Exponentials and squares, the same on either way of computing them."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from simulator.propagation.pointwise import exp_i, exp_minus, squared_modulus

NUMBERS = st.lists(st.floats(-50, 50), min_size=1, max_size=20)


@given(NUMBERS)
def test_single_precision_by_numpy_is_double_precision_by_torch_within_rounding(values: list[float]) -> None:
    single, double = torch.tensor(values, dtype=torch.float32), torch.tensor(values, dtype=torch.float64)
    assert torch.allclose(exp_i(single), exp_i(single.double()).to(torch.complex64), atol=2e-6)
    assert torch.allclose(exp_minus(single.abs()), exp_minus(double.abs()).to(torch.float32), rtol=1e-5, atol=1e-30)


@given(NUMBERS)
def test_a_phase_factor_has_modulus_one(values: list[float]) -> None:
    factor = exp_i(torch.tensor(values, dtype=torch.float32))
    assert torch.allclose(squared_modulus(factor), torch.ones(len(values)), atol=1e-5)

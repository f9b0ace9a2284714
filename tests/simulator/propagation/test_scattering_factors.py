"""Scattering factors: their unit, their order, and elements that are not there."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.propagation.scattering_factors import POTENTIAL_V_NM2, scattering_factor_nm


def test_h_squared_over_2_pi_m_e_is_0_47878_v_nm2() -> None:
    assert pytest.approx(0.47878, rel=1e-4) == POTENTIAL_V_NM2


def test_forward_scattering_of_gold_is_heavier_than_of_carbon() -> None:
    gold, carbon = (float(scattering_factor_nm(z, np.float64(0.0))) for z in (79, 6))
    assert gold == pytest.approx(1.058, rel=0.05)  # 10.6 angstrom, Kirkland's table gives 10.57
    assert carbon == pytest.approx(0.25, rel=0.05)


def test_an_unknown_element_is_named() -> None:
    with pytest.raises(KeyError, match="Z = 1;"):
        scattering_factor_nm(1, np.float64(0.0))

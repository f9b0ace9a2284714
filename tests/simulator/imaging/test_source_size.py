"""The source: how wide it is, how many points it asks for, and when an envelope does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from simulator.imaging.aberrations import Optics, angles_rad
from simulator.imaging.image_formation import intensity
from simulator.imaging.source_size import source_points_for, source_rad
from tests.simulator.slices import GRID, wave_of_few_atoms

CPU = torch.device("cpu")


@pytest.mark.parametrize("source_points", [1, 2, 3, 8, None])
def test_bug_4_a_source_that_does_nothing_is_seen(source_points: int | None) -> None:
    """The envelope and the tilts must act: a sister code compared its envelope with the wrong pixel, to no effect."""
    wave = wave_of_few_atoms()
    sharp = intensity(wave, GRID, Optics(energy_kev=300, c1_nm=-20))
    soft = intensity(wave, GRID, Optics(energy_kev=300, c1_nm=-20, convergence_mrad=1.0), source_points=source_points)
    assert float(soft.std()) < 0.95 * float(sharp.std())


CORRECTED = {"a1_nm": 3, "b2_nm": 100, "a2_nm": 100j}


CORNERS = (
    {"c1_nm": 20.0, "c3_nm": 15e3, **CORRECTED},
    {"c1_nm": -20.0, "c3_nm": -15e3, **CORRECTED},
    {"c1_nm": -20.0, "c3_nm": 15e3},
    {"c1_nm": 0.0, "c3_nm": 15e3},
)


@pytest.mark.parametrize("energy_kev", [200.0, 300.0])
@pytest.mark.parametrize("angle_mrad", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("corner", range(len(CORNERS)))
def test_the_chosen_source_points_are_within_half_a_percent_of_the_cross_coefficient(
    energy_kev: float, angle_mrad: float, corner: int
) -> None:
    """All over the task's envelope with a corrector."""
    wave = wave_of_few_atoms()
    lens = Optics(energy_kev=energy_kev, convergence_mrad=angle_mrad, focal_spread_nm=1, **CORNERS[corner])  # type: ignore[arg-type]
    exact = intensity(wave, GRID, lens, source_points=6)
    assert float((intensity(wave, GRID, lens) - exact).std() / exact.std()) < 0.005
    if angle_mrad == 0.5 and corner < 2:
        assert float((intensity(wave, GRID, lens, source_points=1) - exact).std() / exact.std()) > 0.005


@pytest.mark.parametrize(("c1_nm", "c3_nm", "angle_mrad"), [(-80.0, 0.5e6, 0.2), (-150.0, 1.2e6, 0.05)])
def test_the_chosen_source_points_hold_without_a_corrector(c1_nm: float, c3_nm: float, angle_mrad: float) -> None:
    """Where two points, which are enough for most states of a corrected lens, are off by a per cent and more."""
    wave = wave_of_few_atoms()
    lens = Optics(energy_kev=200, c1_nm=c1_nm, c3_nm=c3_nm, convergence_mrad=angle_mrad, focal_spread_nm=1)
    exact = intensity(wave, GRID, lens, source_points=21)
    assert float((intensity(wave, GRID, lens) - exact).std() / exact.std()) < 0.005
    assert float((intensity(wave, GRID, lens, source_points=2) - exact).std() / exact.std()) > 0.01


def test_both_rules_of_the_source_are_one_sum() -> None:
    wave = wave_of_few_atoms()
    lens = Optics(energy_kev=200, convergence_mrad=0.5, blur_nm=0.01, **CORNERS[0])  # type: ignore[arg-type]
    hermite, even = (intensity(wave, GRID, lens, source_points=n) for n in (6, 12))
    assert float((hermite - even).std() / even.std()) < 1e-3


def test_the_envelope_of_a_weak_fringe_is_the_textbooks() -> None:
    """A phase ripple of frequency g: its contrast falls by exp(-(pi alpha C1 g)^2), whichever way it is worked out."""
    x = torch.arange(128) * GRID.pixel_size_nm
    g_per_nm = 10 / GRID.width_nm
    ripple = torch.exp(0.01j * torch.cos(2 * torch.pi * g_per_nm * x))[None, :].expand(128, 128).contiguous()
    sharp = Optics(energy_kev=300, c1_nm=-20)
    soft = replace(sharp, convergence_mrad=2.0)
    expected = np.exp(-((np.pi * 2e-3 * 20 * g_per_nm) ** 2))
    assert 0.5 < expected < 0.95
    for points in (1, 3, 9, None):
        damped = intensity(ripple, GRID, soft, source_points=points).std() / intensity(ripple, GRID, sharp).std()
        assert float(damped) == pytest.approx(expected, rel=0.01)


def test_a_narrow_source_asks_for_the_envelope_and_a_wide_one_for_points() -> None:
    spectrum = torch.fft.fft2(wave_of_few_atoms())
    w = angles_rad(GRID, 200.0, CPU)
    lenses = [Optics(energy_kev=200, convergence_mrad=a, **CORNERS[0]) for a in (0.01, 0.2, 0.5, 1.0)]  # type: ignore[arg-type]
    chosen = [source_points_for(spectrum, w, lens) for lens in lenses]
    assert chosen[0] == 1
    assert chosen == sorted(set(chosen))
    closed = replace(lenses[2], aperture_per_nm=4.0)
    assert source_points_for(spectrum, w, closed) < chosen[2], "beams that an aperture stops ask for nothing"
    assert source_points_for(torch.fft.fft2(torch.ones(128, 128, dtype=torch.complex64)), w, lenses[3]) == 1


def test_a_source_that_no_rule_follows_is_refused() -> None:
    lens = Optics(energy_kev=200, c1_nm=-3000, convergence_mrad=5)
    with pytest.raises(ValueError, match="more than 64 points an axis"):
        intensity(wave_of_few_atoms(), GRID, lens)


def test_the_source_angle_is_a_one_over_e_half_width() -> None:
    """Variance along either axis = alpha^2 / 2; weights add to one."""
    rule = source_rad(0.4, 3)
    assert sum(w for _, w in rule) == pytest.approx(1)
    assert sum(w * t.real**2 for t, w in rule) == pytest.approx(0.5 * 0.4e-3**2)
    even = source_rad(0.4, 20)
    assert sum(w for _, w in even) == pytest.approx(1)
    assert sum(w * t.real**2 for t, w in even) == pytest.approx(0.5 * 0.4e-3**2, rel=2e-3)

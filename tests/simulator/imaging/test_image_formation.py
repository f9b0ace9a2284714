"""Multislice and lens, by relations: what must hold whatever the numbers are."""

from __future__ import annotations

import pytest
import torch

from simulator.imaging.aberrations import Optics
from simulator.imaging.image_formation import intensity
from simulator.propagation.multislice import propagate
from tests.simulator.slices import GRID, exit_wave, wave_of_few_atoms

CPU = torch.device("cpu")


def test_vacuum_leaves_the_wave_unchanged() -> None:
    wave = exit_wave(torch.zeros(5, 128, 128), GRID, 200, 0.2, absorption=0.05)
    assert torch.allclose(wave, torch.ones_like(wave), atol=1e-6)


def test_multislice_loses_little_intensity_without_absorption() -> None:
    """Only what is scattered beyond the band limit is lost."""
    total = float((wave_of_few_atoms().abs() ** 2).mean())
    assert 0.985 < total <= 1.0001


def test_absorption_takes_intensity_away() -> None:
    assert float((wave_of_few_atoms(0.1).abs() ** 2).mean()) < float((wave_of_few_atoms().abs() ** 2).mean()) - 0.002


def test_free_space_goes_back_and_forth() -> None:
    wave = wave_of_few_atoms()
    there = propagate(wave, GRID, 300, 7.0)
    assert torch.allclose(propagate(there, GRID, 300, -7.0), wave, atol=2e-4)


def test_vacuum_images_as_one_whatever_the_lens() -> None:
    lens = Optics(
        energy_kev=200,
        c1_nm=8,
        a1_nm=2 + 1j,
        b2_nm=50,
        a2_nm=40j,
        c3_nm=5e3,
        focal_spread_nm=3,
        convergence_mrad=0.3,
        blur_nm=0.03,
        aperture_per_nm=8,
    )
    image = intensity(torch.ones(128, 128, dtype=torch.complex64), GRID, lens)
    assert torch.allclose(image, torch.ones_like(image), atol=1e-4)


def test_no_focus_and_no_source_point_are_refused() -> None:
    with pytest.raises(ValueError, match="must be positive, got 0 and 1"):
        intensity(wave_of_few_atoms(), GRID, Optics(energy_kev=300, c1_nm=0), foci=0)

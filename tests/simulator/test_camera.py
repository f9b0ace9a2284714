"""The camera's noise, by numbers one can check by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from simulator.camera import Camera, expose, mtf

VACUUM = Path(__file__).parents[2].parent / "shared" / "data" / "movie" / "test_video_vacuum.tif"
FLAT = np.ones((512, 512), dtype=np.float32)


def test_without_mtf_variance_over_mean_is_the_gain() -> None:
    """100 e/A^2 at 0.05 nm/px are 25 e/px; gain 4: mean 100, variance 400."""
    counts = expose(FLAT, 0.05, 100.0, Camera(mtf="none", gain_counts_per_e=4.0), np.random.default_rng(1)).astype(
        float
    )
    assert counts.mean() == pytest.approx(100, rel=0.01)
    assert counts.var() / counts.mean() == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize("kind", ["direct", "scintillator"])
def test_the_noise_spectrum_is_the_square_of_the_mtf(kind: str) -> None:
    camera = Camera(mtf=kind, gain_counts_per_e=10.0)
    counts = expose(FLAT, 0.1, 100.0, camera, np.random.default_rng(2)).astype(float)
    power = np.abs(np.fft.fft2(counts - counts.mean())) ** 2 / counts.size / (100 * 100.0)
    q = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.fftfreq(512)[None, :])
    for low in (0.1, 0.25, 0.4):
        ring = (q > low) & (q < low + 0.02)
        assert power[ring].mean() == pytest.approx(float((mtf(camera, q[ring]) ** 2).mean()), rel=0.06)


def test_offset_readout_and_saturation() -> None:
    camera = Camera(mtf="none", gain_counts_per_e=1e4, offset_counts=50.0, readout_counts=3.0)
    assert expose(FLAT, 0.1, 100.0, camera, np.random.default_rng(3)).max() == 65535
    dark = expose(FLAT * 0, 0.1, 100.0, camera, np.random.default_rng(3)).astype(float)
    assert dark.mean() == pytest.approx(50, abs=0.1)
    assert dark.std() == pytest.approx(3, rel=0.03)


def test_hot_and_dead_pixels_are_as_many_as_asked() -> None:
    camera = Camera(mtf="none", gain_counts_per_e=2.0, hot_share=1e-3, dead_share=2e-3)
    counts = expose(FLAT, 0.1, 100.0, camera, np.random.default_rng(4))
    assert (counts == 0).mean() == pytest.approx(2e-3, rel=0.25)
    assert (counts > 300).mean() == pytest.approx(1e-3, rel=0.25)


def test_a_measured_curve_is_followed() -> None:
    camera = Camera(mtf="measured", curve=np.array([[0.0, 1.0], [0.5, 0.2]]))
    assert mtf(camera, np.array([0.25]))[0] == pytest.approx(0.6)


def test_an_unknown_mtf_or_no_dose_is_refused() -> None:
    with pytest.raises(ValueError, match="got 'film'"):
        Camera(mtf="film")
    with pytest.raises(ValueError, match="must be positive"):
        expose(FLAT, 0.05, 0.0, Camera(), np.random.default_rng(1))


@pytest.mark.skipif(not VACUUM.exists(), reason="the real movie is not part of the repository")
def test_a_real_vacuum_movie_is_reproduced() -> None:
    """Mean 98.5, variance / mean 31.8, white: 3.1 electrons a pixel at a gain of 31.8."""
    real = tifffile.imread(VACUUM).astype(np.float64)
    real_ratio = float(np.mean([frame.var() / frame.mean() for frame in real]))
    assert real_ratio == pytest.approx(31.8, rel=0.05)
    dose_e_per_a2 = real.mean() / 31.8 / 0.25  # at 0.05 nm a pixel
    ours = expose(
        np.ones(real.shape[1:]),
        0.05,
        dose_e_per_a2,
        Camera(mtf="none", gain_counts_per_e=31.8),
        np.random.default_rng(6),
    ).astype(float)
    assert ours.mean() == pytest.approx(real.mean(), rel=0.02)
    assert ours.var() / ours.mean() == pytest.approx(real_ratio, rel=0.05)
    neighbour = [float(np.corrcoef(x[:, :-1].ravel(), x[:, 1:].ravel())[0, 1]) for x in (real[0], ours)]
    assert abs(neighbour[0] - neighbour[1]) < 0.03

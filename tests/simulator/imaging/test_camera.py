"""The camera's noise, by numbers one can check by hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from simulator.imaging.camera import Camera, expose, mtf, read_curve

SHARED = Path(os.environ.get("BEAMSIDE_SHARED", Path(__file__).parents[3].parent / "shared"))
VACUUM = SHARED / "data" / "movie" / "test_video_vacuum.tif"
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


def test_noise_may_have_a_transfer_of_its_own() -> None:
    """Signal by the MTF, noise by the noise curve: white noise under a scintillator's MTF."""
    white = np.array([[0.0, 1.0], [0.8, 1.0]])
    camera = Camera(mtf="scintillator", noise_curve=white, gain_counts_per_e=10.0)
    counts = expose(FLAT, 0.1, 100.0, camera, np.random.default_rng(2)).astype(float)
    assert counts.var() / counts.mean() == pytest.approx(10, rel=0.02)
    wave = 1 + 0.5 * np.cos(2 * np.pi * 0.25 * np.arange(512))[None, :] * np.ones((512, 1))
    seen = expose(wave, 0.1, 100.0, camera, np.random.default_rng(3)).astype(float).mean(0)
    amplitude = 2 * abs(np.fft.rfft(seen)[128]) / 512
    assert amplitude == pytest.approx(500 * mtf(camera, np.array([0.25]))[0], rel=0.02)


def test_a_curve_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mtf.csv"
    path.write_text("# q, mtf\n0, 1\n0.25, 0.5\n0.5, 0.2\n", encoding="utf-8")
    assert read_curve(path).tolist() == [[0, 1], [0.25, 0.5], [0.5, 0.2]]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("q;mtf\n0;1\n", "line 1: two numbers"),
        ("0,1\n0.5,x\n", "line 2: two numbers"),
        ("", "must rise"),
        ("0,1\n0.3,0.5\n0.2,0.4\n0.5,0.1\n", "must rise"),
        ("0,1\n0.4,0.5\n", "must rise"),
        ("0,0.7\n0.5,0.2\n", "must be 1 at q = 0"),
        ("0,1\n0.5,-0.2\n", "must be 1 at q = 0"),
        ("0,1\n0.5,nan\n", "must be 1 at q = 0"),
    ],
)
def test_a_nonsensical_curve_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "mtf.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=complaint):
        read_curve(path)


@pytest.mark.skipif(not VACUUM.exists(), reason="the real movie is not part of the repository")
def test_a_real_vacuum_movie_is_reproduced() -> None:
    """3.055 electrons a pixel of 32.3 counts each, give or take 11 %: mean, variance, histogram, autocorrelation."""
    real = tifffile.imread(VACUUM).astype(np.float64)
    camera = Camera(mtf="none", gain_counts_per_e=32.29, gain_spread=0.11)
    rng = np.random.default_rng(6)
    ours = np.stack([expose(np.ones(real.shape[1:]), 0.05, 3.055 / 0.25, camera, rng) for _ in real[:8]]).astype(float)
    assert ours.mean() == pytest.approx(real.mean(), rel=0.01)
    assert ours.var() / ours.mean() == pytest.approx(real.var() / real.mean(), rel=0.02)
    assert (ours == 0).mean() == pytest.approx((real == 0).mean(), abs=0.002)
    bins = np.arange(0, 420, 16) - 0.5
    shares = [np.histogram(x, bins)[0] / x.size for x in (real, ours)]
    assert np.abs(shares[0] - shares[1]).sum() < 0.10
    for down, right in ((0, 1), (1, 0), (1, 1)):
        correlations = [_autocorrelation(x, down, right) for x in (real, ours)]
        assert abs(correlations[0] - correlations[1]) < 0.015


def _autocorrelation(frames: np.ndarray, down: int, right: int) -> float:  # type: ignore[type-arg]
    rest = frames - frames.mean(0)
    height, width = rest.shape[1:]
    return float((rest[:, down:, right:] * rest[:, : height - down, : width - right]).mean() / rest.var())

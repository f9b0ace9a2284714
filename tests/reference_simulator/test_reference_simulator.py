"""The reference simulator: its shapes, film, signs and dataset, and that it agrees with ours on the same atoms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulator.imaging.aberrations import Optics
from simulator.imaging.image_formation import intensity
from simulator.propagation.electron import wavelength_nm
from simulator.propagation.grid import Grid
from simulator.propagation.multislice import exit_waves
from simulator.propagation.potential import Atoms
from tests.reference_simulator import carbon, make, microscope, score, solids, wave
from trainer.data.dataset import read_patches, shards_of, write_shard
from trainer.data.description import ShardDescription
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.data.samples import Samples

FAULTLESS = {"gain_counts_per_e": 1.0, "readout_counts": 0.0, "offset_counts": 0.0, "faulty_share": 0.0}


@pytest.mark.parametrize("shape", solids.CLASSES)
def test_a_particle_is_as_large_as_asked_less_its_missing_atoms(shape: str) -> None:
    made = solids.solid(shape, "Au", 4.0, np.random.default_rng(3))
    assert 3.8 < made.diameter_nm <= 4.0
    assert 0 <= made.zone_deg < 36
    np.testing.assert_allclose(made.positions_nm.mean(0), 0, atol=1e-9)


@pytest.mark.parametrize("shape", solids.CLASSES)
def test_every_shape_has_the_bond_of_the_bulk(shape: str) -> None:
    at = solids.solid(shape, "Au", 4.0, np.random.default_rng(4)).positions_nm
    near = cKDTree(at).query(at, 13)[0][:, 1:]
    inner = near[near[:, 11] < 1.2 * 0.4078 / 2**0.5]
    # Twelve neighbours at a / sqrt 2, but for the strain of up to 1.5 % and the mixed bonds of the twinned ones.
    assert abs(inner.mean() / (0.4078 / 2**0.5) - 1) < 0.02


def test_a_cube_s_facets_are_100_and_an_octahedron_s_are_111(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solids, "LARGEST_LOSS", 0.0)
    rng = np.random.default_rng(1)
    cube, _ = solids._single_crystal("cube", "Au", 4000, rng)
    octahedron, _ = solids._single_crystal("octahedron", "Au", 4000, rng)
    corner = np.ones(3) / 3**0.5
    ratios = [np.abs(at[:, 0]).max() / (at @ corner).max() for at in (cube, octahedron)]
    assert ratios[0] < 0.75
    assert ratios[1] > 1.3


def test_thermal_motion_follows_debye() -> None:
    # Peng et al. 1996 give B = 0.62 Å^2 for gold at 295 K, hence u = sqrt(B / 8 pi^2) = 8.9 pm.
    assert solids.displacement_nm("Au") == pytest.approx(0.0089, rel=0.03)


def test_missing_carbon_says_how_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="BEAMSIDE_SHARED names its folder"):
        carbon.block_path({}, tmp_path)


def test_a_film_keeps_the_block_s_density() -> None:
    rng = np.random.default_rng(2)
    block = rng.uniform(0, carbon.SIDE_NM, (13760, 3))
    made = carbon.film(block, 2.5, 8.0, rng)
    assert len(made) / (2.5 * 8 * 8) == pytest.approx(13760 / 125, rel=0.02)
    assert (made.min(0) >= 0).all()
    assert (made.max(0) < (8, 8, 2.5)).all()


def gold() -> NDArray[np.float64]:
    """A particle of 2 nm in the middle of a square of 3.84 nm."""
    return solids.solid("cube", "Au", 2.0, np.random.default_rng(5)).positions_nm + np.array([1.92, 1.92, 0])


def our_exit_wave(at_nm: NDArray[np.float64], grid: Grid) -> tuple[torch.Tensor, float]:
    """(wave (y, x), how far its plane lies behind the particle's middle in nm), 200 keV, without absorption."""
    sample = Atoms(positions_nm=at_nm, numbers=np.full(len(at_nm), 79))
    depth_nm = float(np.ptp(at_nm[:, 2]))
    end_nm = wave.SLICE_NM * (int(depth_nm / wave.SLICE_NM + 1e-9) + 1)
    return exit_waves([sample], grid, 200.0, wave.SLICE_NM, torch.device("cpu"))[0], end_nm - depth_nm / 2


def test_two_lenses_agree_on_the_same_wave() -> None:
    grid = Grid(size_px=128, pixel_size_nm=0.03)
    own, behind_nm = our_exit_wave(gold(), grid)
    waves = wave.carried(own.numpy().T.copy(), 0.03, 200.0)
    lens = microscope.Lens(
        c1_nm=-8.0,
        c3_nm=8e3,
        a1_nm=(2.0, 0.4),
        b2_nm=(60.0, 1.0),
        a2_nm=(50.0, -2.0),
        focal_spread_nm=3.0,
        convergence_mrad=0.4,
        blur_nm=0.0,
    )
    theirs_wave = wave.ExitWave(waves=waves, behind_nm=behind_nm, energy_kev=200.0, at_nm=np.zeros((1, 2)))
    theirs = microscope.intensity(theirs_wave, lens).T
    optics = Optics(
        energy_kev=200.0,
        c1_nm=-8.0 - behind_nm,
        c3_nm=8e3,
        # Theirs is cos(m (phi - azimuth)), ours the complex number that does the same.
        a1_nm=2 * np.exp(0.8j),
        b2_nm=60 * np.exp(-1j),
        a2_nm=50 * np.exp(-6j),
        focal_spread_nm=3.0,
        convergence_mrad=0.4,
    )
    assert np.std(intensity(own, grid, optics).numpy() - theirs) < 0.01 * np.std(theirs)
    overfocus = intensity(own, grid, replace(optics, c1_nm=8.0 - behind_nm)).numpy()
    assert np.std(overfocus - theirs) > 0.5 * np.std(theirs)


def test_two_multislices_agree_on_the_same_atoms(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 15 pm a pixel and below 8 / nm: both lose high angles on coarser grids, and not the same ones."""
    monkeypatch.setattr(wave, "PIXEL_NM", 0.015)
    at, grid = gold(), Grid(size_px=256, pixel_size_nm=0.015)
    built = wave.slices(at, "Au", 256)
    theirs = np.asarray(wave.through(built, 200.0).array).T
    own, behind_nm = our_exit_wave(at, grid)
    squared = np.add.outer(*[np.fft.fftfreq(256, 0.015) ** 2] * 2)

    def seen(psi: NDArray[np.complex64], behind: float) -> NDArray[np.float64]:
        lens = np.exp(-1j * np.pi * wavelength_nm(200.0) * (-8.0 - behind) * squared) * (squared < 8**2)
        return np.asarray(np.abs(np.fft.ifft2(np.fft.fft2(psi) * lens)) ** 2)

    expected = seen(theirs, len(built) / 2 * wave.SLICE_NM)
    assert np.std(seen(own.numpy(), behind_nm) - expected) < 0.08 * np.std(expected)


def test_a_camera_keeps_the_dose_and_the_place() -> None:
    seen = np.ones((200, 200))
    seen[60:70, 120:130] = 3.0
    sensor = microscope.Sensor(pixel_size_nm=0.05, dose_e_per_a2=1e4, scintillator=True, **FAULTLESS)
    counts, pixel_nm, rim_nm = microscope.photograph(seen, 6.0, 0.01, sensor, np.random.default_rng(0))
    assert counts.dtype == np.uint16
    assert counts.mean() == pytest.approx(1e4 * (10 * pixel_nm) ** 2 * 1.006, rel=0.01)
    y_px, x_px = np.unravel_index(np.argmax(counts), counts.shape)
    # x is the wave's first axis and the camera's second one; its block lies at 60 to 70 of 0.03 nm.
    assert 1.8 - 0.1 < x_px * pixel_nm + rim_nm < 2.1 + 0.1
    assert 3.6 - 0.1 < y_px * pixel_nm + rim_nm < 3.9 + 0.1


def test_a_dataset_of_one_film_is_read_and_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "PER_SHARD", 5)
    for module in (make, wave):
        monkeypatch.setattr(module, "FILM_PX", 420)
    plan = make.Plan(particles=5, seed=1, diameter_nm=(1.0, 1.2), film_nm=(0.3, 0.4))
    block = np.random.default_rng(0).uniform(0, carbon.SIDE_NM, (2000, 3))
    made: list[int] = []
    make.make(plan, tmp_path, block, lambda: made.append(1))
    data = read_patches(shards_of(tmp_path))
    assert data.patches.shape == (10, 128, 128)
    assert data.metadata["label"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert np.abs(data.patches.astype(np.float32).std((1, 2)) - 1).max() < 0.01
    stamp = (tmp_path / "shard-00000.npz").stat().st_mtime_ns
    make.make(plan, tmp_path, block, lambda: made.append(1))
    assert (tmp_path / "shard-00000.npz").stat().st_mtime_ns == stamp
    with pytest.raises(ValueError, match="was begun with"):
        make.make(make.Plan(particles=5, seed=2), tmp_path, block, lambda: None)


def test_a_score_counts_what_the_classifier_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = Samples()
    for number in range(40):
        samples.patches.append(np.zeros((8, 8), dtype=np.float16))
        row = dict.fromkeys(("diameter_nm", "zone_deg", "film_nm", "defocus_nm", "c3_nm", "pixel_size_nm"), 1.0)
        samples.metadata.append(
            {
                **row,
                "label": number // 2 % 5,
                "wave": number // 2,
                "element": "Au",
                "dose_e_per_a2": 100.0 + 20 * number,
            }
        )
    geometry = replace(LEGACY_GEOMETRY, classifier=replace(LEGACY_GEOMETRY.classifier, patch_px=8))
    write_shard(tmp_path / "shard-00000.npz", samples, ShardDescription(geometry=geometry))
    # The classifier's own order of the classes is the reverse; it takes every cube for an icosahedron.
    said = np.array([4 if n // 2 % 5 == 0 else n // 2 % 5 for n in range(40)])
    logits = np.eye(5)[4 - said] * 9.0
    found = SimpleNamespace(network=None, config=SimpleNamespace(classes=score.CLASSES[::-1]))
    monkeypatch.setattr(score, "trained", lambda path: found)
    monkeypatch.setattr(score, "logits_of", lambda network, patches: logits)
    lines = "\n".join(score.report(tmp_path / "x.pt", tmp_path, None))
    assert "40 images of 20 particles" in lines
    assert "accuracy                                                80.0 %" in lines
    assert "cube                                                   0.0 %" in lines
    assert lines.splitlines()[-5].split() == ["cube", "0", "0", "0", "0", "8"]


def test_a_classifier_of_other_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="the classifier has sphere"):
        score.numbers(["sphere"])


def test_the_old_command_is_the_same_command() -> None:
    from tests.bench.second_simulator.__main__ import main as old
    from tests.reference_simulator.__main__ import main

    assert old is main
    # A folder that holds no dataset is said in one line, and the command ends with 1.
    assert old(["score", "--classifier", "nothing.pt", "--bank", "nothing"]) == 1

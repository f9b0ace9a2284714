"""A session is read as it was written, by a process that has no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator.microscope.session_file import SESSION, SessionParticle, grey_levels, load_session, write_session


def test_a_session_is_read_as_it_was_written(tmp_path: Path) -> None:
    images = [grey_levels(np.full((4, 4), value)) for value in (0.5, 1.0)]
    particle = SessionParticle(field=1, y_px=1.5, x_px=2.5, diameter_nm=3.0, shape="cube")
    write_session(tmp_path / "s.npz", images, [particle], pixel_size_nm=0.04, energy_kev=300.0, defocus_nm=(-8.0, 4.0))
    session = load_session(tmp_path / "s.npz")
    assert session.fields[:, 0, 0].tolist() == [50, 100]
    assert (session.pixel_size_nm, session.energy_kev, session.defocus_nm.tolist()) == (0.04, 300.0, [-8.0, 4.0])
    assert {key: value.tolist() for key, value in session.truth.items()} == {
        "field": [1],
        "y_px": [1.5],
        "x_px": [2.5],
        "diameter_nm": [3.0],
        "shape": ["cube"],
    }


def test_what_is_brighter_than_the_grey_levels_is_cut_off() -> None:
    assert grey_levels(np.array([[-0.1, 0.0, 2.55, 9.0]])).tolist() == [[0, 0, 255, 255]]


def test_the_shipped_session_has_an_entry_of_everything_for_each_particle() -> None:
    truth = load_session(SESSION).truth
    assert {"field", "y_px", "x_px", "diameter_nm", "shape"} == set(truth)
    assert len({len(column) for column in truth.values()}) == 1


def test_a_session_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="beamside-simulate session"):
        load_session(tmp_path / "none.npz")


def test_the_server_brings_no_torch() -> None:
    code = "import sys, simulator.microscope.server; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

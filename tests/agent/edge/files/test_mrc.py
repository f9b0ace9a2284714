"""MRC's cell is the calibration."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest

from agent.edge.files.mrc import read_mrc


def written(path: Path, y_angstrom: float, x_angstrom: float) -> Path:
    with mrcfile.new(path) as file:
        file.set_data(np.arange(80, dtype=np.int16).reshape(8, 10))
        file.header.cella = (x_angstrom * 10, y_angstrom * 8, 1)
    return path


def test_the_cell_is_the_pixel_size_and_zero_is_none(tmp_path: Path) -> None:
    assert read_mrc(written(tmp_path / "a.mrc", 0.5, 0.5)).pixel_size.nm == pytest.approx(0.05)
    assert read_mrc(written(tmp_path / "b.mrc", 0.0, 0.0)).pixel_size.nm is None
    assert "not square" in read_mrc(written(tmp_path / "c.mrc", 0.5, 0.6)).pixel_size.fault

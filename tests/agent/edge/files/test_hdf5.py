"""HDF5: the largest dataset of images."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from agent.edge.files.hdf5 import read_hdf5


def test_the_largest_dataset_is_taken_with_the_files_own_pixel_size(tmp_path: Path) -> None:
    stack = np.arange(240, dtype=np.uint16).reshape(3, 8, 10)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["dark"], file["run/images"], file["curve"] = stack[0], stack, np.arange(1000.0)
        file.attrs["pixel_size_nm"] = 0.04
    read = read_hdf5(tmp_path / "a.h5")
    assert np.array_equal(np.stack(read.images), stack)
    assert read.pixel_size.nm == pytest.approx(0.04)


def test_a_file_without_images_has_none(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["curve"] = np.arange(1000.0)
    assert read_hdf5(tmp_path / "a.h5").images == []

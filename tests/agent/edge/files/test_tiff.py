"""TIFF's three ways to say a pixel size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from agent.edge.errors import EdgeError
from agent.edge.files.tiff import DM_SCALES, DM_UNITS, read_tiff

IMAGE = np.arange(80, dtype=np.uint16).reshape(8, 10)


def written(path: Path, **options: object) -> Path:
    tifffile.imwrite(path, IMAGE, **options)  # type: ignore[arg-type]
    return path


def test_imagejs_unit_and_resolution(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", imagej=True, resolution=(25.0, 25.0), metadata={"unit": "nm"})
    assert read_tiff(path).pixel_size.nm == pytest.approx(0.04)


def test_without_a_unit_imagej_says_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", imagej=True, resolution=(25.0, 25.0))
    assert read_tiff(path).pixel_size.nm is None


@pytest.mark.parametrize(("unit", "per_unit", "nm"), [("CENTIMETER", 2e8, 0.05), ("INCH", 2.54e8, 0.1)])
def test_resolution_tags_of_a_microscope(tmp_path: Path, unit: str, per_unit: float, nm: float) -> None:
    path = written(tmp_path / "a.tif", resolution=(per_unit, per_unit), resolutionunit=unit)
    assert read_tiff(path).pixel_size.nm == pytest.approx(nm)


def test_a_printers_dots_an_inch_are_no_pixel_size(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", resolution=(72.0, 72.0), resolutionunit="INCH")
    assert read_tiff(path).pixel_size.nm is None


def test_digital_micrographs_own_tags(tmp_path: Path) -> None:
    tags = [(code, "f", 1, value, False) for code, value in zip(DM_SCALES, (0.03, 0.03), strict=True)]
    tags += [(code, "s", 0, "nm", False) for code in DM_UNITS]
    assert read_tiff(written(tmp_path / "a.tif", extratags=tags)).pixel_size.nm == pytest.approx(0.03)
    tags[1] = (DM_SCALES[1], "f", 1, 0.04, False)
    assert "not square: 0.04 x 0.03 nm" in read_tiff(written(tmp_path / "b.tif", extratags=tags)).pixel_size.fault


def test_a_colour_picture_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 10, 3), np.uint8), photometric="rgb")
    with pytest.raises(EdgeError, match="a colour picture is not a camera frame"):
        read_tiff(tmp_path / "a.tif")

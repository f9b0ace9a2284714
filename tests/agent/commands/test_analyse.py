"""Files to lines of JSON: one clear line for what is bad, and nothing lost of what is good."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile

from agent.commands.analyse import analyse_files
from agent.core.config import AnalysisConfig
from tests.fakes import fake_networks, field

GOOD = field(0).pixels


SIZED = {"imagej": True, "resolution": (20.0, 20.0), "metadata": {"unit": "nm"}}


def truncated(path: Path) -> None:
    tifffile.imwrite(path, np.stack([GOOD] * 4), **SIZED)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def truncated_pages(path: Path) -> None:
    with tifffile.TiffWriter(path) as file:
        for _ in range(4):
            file.write(GOOD, contiguous=False)
    with tifffile.TiffFile(path) as file:
        third = file.pages[2].offset
    path.write_bytes(path.read_bytes()[:third])


def mrc(path: Path, size_angstrom: float) -> None:
    with mrcfile.new(path) as file:
        file.set_data(GOOD)
        file.header.cella = (size_angstrom * GOOD.shape[1], size_angstrom * GOOD.shape[0], 1)


BAD_FILES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "truncated stack": ("a.tif", truncated, "truncated, 1 of 4 images are there"),
    "truncated pages": ("a.tif", truncated_pages, "more than its 2 whole images were promised"),
    "wrong magic": ("a.tif", lambda p: p.write_bytes(b"PK\x03\x04 a zip"), "cannot be read as .tif"),
    "empty file": ("a.mrc", lambda p: p.write_bytes(b""), "cannot be read as .mrc"),
    "a folder": ("a.tif", lambda p: p.mkdir(), "no such file"),
    "pixel size negative": ("a.mrc", lambda p: mrc(p, -10.0), "is -1.0 nm, which is not positive"),
    "pixel size zero": ("a.mrc", lambda p: mrc(p, 0.0), "give it with --pixel-size-nm"),
    "pixels not square": (
        "a.tif",
        lambda p: tifffile.imwrite(p, GOOD, **{**SIZED, "resolution": (20.0, 10.0)}),
        "the pixels are not square",
    ),
    "pixels of a light microscope": (
        "a.tif",
        lambda p: tifffile.imwrite(p, GOOD, **{**SIZED, "metadata": {"unit": "micron"}}),
        "its pixels are 50 nm",
    ),
    "not numbers": ("a.tif", lambda p: tifffile.imwrite(p, GOOD * np.float32(np.nan), **SIZED), "are not finite"),
    "all zero": ("a.tif", lambda p: tifffile.imwrite(p, GOOD * 0, **SIZED), "the same value, 0"),
    "constant": ("a.tif", lambda p: tifffile.imwrite(p, GOOD * 0 + 7, **SIZED), "the same value, 7"),
    "one pixel": ("a.tif", lambda p: tifffile.imwrite(p, GOOD[:1, :1], **SIZED), "got 1 x 1"),
    "metadata without images": ("a.emi", lambda p: p.write_bytes(b"x"), "holds no images"),
}


def analysed(path: Path) -> tuple[list[dict[str, object]], str]:
    out = io.StringIO()
    ((_, written, problem),) = analyse_files([path], fake_networks(), AnalysisConfig(), out)
    lines = [json.loads(text) for text in out.getvalue().splitlines()]
    assert len(lines) == written
    return lines, problem


@pytest.mark.filterwarnings("ignore")  # readers warn before they fail
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_line_that_names_it(tmp_path: Path, name: str) -> None:
    file, make, message = BAD_FILES[name]
    make(tmp_path / file)
    lines, problem = analysed(tmp_path / file)
    assert lines == []
    assert problem.startswith(str(tmp_path / file))
    assert message in problem
    assert "\n" not in problem


def test_a_bad_frame_of_a_stack_costs_that_frame_alone(tmp_path: Path) -> None:
    stack = np.stack([field(n).pixels for n in range(5)]).astype(np.float32)
    stack[1, 3, 3], stack[3] = np.nan, 5
    tifffile.imwrite(tmp_path / "a.tif", stack, **SIZED)
    lines, problem = analysed(tmp_path / "a.tif")
    assert [line["frame"] for line in lines] == [0, 2, 4]
    assert "frame 1: 1 of 192000 pixels are not finite" in problem
    assert "1 more faults, the last:" in problem
    assert "frame 3: every pixel has the same value" in problem


def test_pages_of_another_shape_and_type_are_analysed_too(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for page in (field(0).pixels, field(1, shape=(320, 480)).pixels.astype(np.float32)):
            file.write(page, contiguous=False, resolution=(2e8, 2e8), resolutionunit="CENTIMETER")
    lines, problem = analysed(tmp_path / "a.tif")
    assert (len(lines), problem) == (2, "")
    assert lines[0]["pixel_size_nm"] == pytest.approx(0.05)


def test_a_given_pixel_size_overrides_a_bad_one(tmp_path: Path) -> None:
    mrc(tmp_path / "a.mrc", -10.0)
    ((_, written, problem),) = analyse_files(
        [tmp_path / "a.mrc"], fake_networks(), AnalysisConfig(pixel_size_nm=0.05), io.StringIO()
    )
    assert (written, problem) == (1, "")

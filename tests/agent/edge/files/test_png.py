"""PNG: grey, or grey in three channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.edge.errors import EdgeError
from agent.edge.files.png import read_png

GREY = np.arange(80, dtype=np.uint8).reshape(8, 10)


def test_three_equal_channels_are_one_image_and_colours_are_none(tmp_path: Path) -> None:
    Image.fromarray(np.stack([GREY] * 3, -1)).save(tmp_path / "grey.png")
    (image,) = read_png(tmp_path / "grey.png").images
    assert np.array_equal(image, GREY)
    Image.fromarray(np.stack([GREY, GREY, 255 - GREY], -1)).save(tmp_path / "colour.png")
    with pytest.raises(EdgeError, match="a colour picture"):
        read_png(tmp_path / "colour.png")


def test_a_palette_is_looked_up_and_never_taken_for_counts(tmp_path: Path) -> None:
    grey = Image.fromarray(GREY).convert("P")
    grey.putpalette([255 - n // 3 for n in range(768)])
    grey.save(tmp_path / "grey.png")
    (image,) = read_png(tmp_path / "grey.png").images
    assert np.array_equal(image, 255 - GREY)
    colours = Image.fromarray(GREY).convert("P")
    colours.putpalette([n % 256 for n in range(768)])
    colours.save(tmp_path / "colour.png")
    with pytest.raises(EdgeError, match="a colour picture"):
        read_png(tmp_path / "colour.png")


def test_transparency_of_a_grey_picture_is_no_part_of_it(tmp_path: Path) -> None:
    Image.fromarray(np.stack([GREY, 255 - GREY], -1)).save(tmp_path / "a.png")
    (image,) = read_png(tmp_path / "a.png").images
    assert np.array_equal(image, GREY)


def test_sixteen_bits_stay_sixteen_bits(tmp_path: Path) -> None:
    counts = GREY.astype(np.uint16) * 800
    Image.fromarray(counts).save(tmp_path / "a.png")
    (image,) = read_png(tmp_path / "a.png").images
    assert np.array_equal(image, counts)

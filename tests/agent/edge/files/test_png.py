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

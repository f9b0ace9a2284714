"""Where tests find real measurements: two frames lie here; the whole set outside the repository, when it is there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("BEAMSIDE_DATA", ROOT.parent / "shared" / "data"))
"""The folder with `hrtem_masks`, `movie`, `formats`; set BEAMSIDE_DATA when it is elsewhere."""
PIXEL_SIZE_NM = 0.059


def real_frames() -> list[NDArray[np.uint8]]:
    """All twenty frames where the set is there, else the two that are shipped."""
    paths = sorted((SHARED / "hrtem_masks" / "images").glob("image_*.png")) or sorted(
        (ROOT / "tests" / "data").glob("hrtem_?.png")
    )
    frames = []
    for path in paths:
        with Image.open(path) as image:
            frames.append(np.asarray(image.convert("L")))
    return frames

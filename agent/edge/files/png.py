"""PNG: one grey image without a calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agent.edge.errors import EdgeError
from agent.edge.files.images import Images
from agent.edge.files.pixel_size import PixelSize


def read_png(path: Path) -> Images:
    """The image; three equal channels count as one. Raises EdgeError when it has colours."""
    from PIL import Image

    with Image.open(path) as picture:
        # A palette's indices are no counts, and of grey with transparency only the grey is the image.
        array = np.asarray(picture.convert("RGB") if picture.mode in ("P", "PA", "LA") else picture)
    if array.ndim == 3:
        if not (array[..., :3] == array[..., :1]).all():
            raise EdgeError("a colour picture is not a camera frame")
        array = array[..., 0]
    return Images(images=[array], pixel_size=PixelSize())

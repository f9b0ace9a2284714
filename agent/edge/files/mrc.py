"""MRC and MRCS: the cell of the header is the calibration."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from agent.edge.errors import EdgeError
from agent.edge.files.images import Images, stack_of
from agent.edge.files.pixel_size import PixelSize, square

ANGSTROM_A_NM = 10


def read_mrc(path: Path) -> Images:
    """Every section. Raises EdgeError when there is none."""
    import mrcfile

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # old writers leave out the map ID; the checks below suffice
        file = mrcfile.open(path, permissive=True)
    with file:
        if file.data is None:
            raise EdgeError("holds no image")
        y_nm, x_nm = (float(size) / ANGSTROM_A_NM for size in (file.voxel_size.y, file.voxel_size.x))
        images = stack_of(np.array(file.data))
    # A cell of zero is how MRC leaves the size out.
    return Images(images=images, pixel_size=PixelSize() if y_nm == 0 and x_nm == 0 else square(y_nm, x_nm))

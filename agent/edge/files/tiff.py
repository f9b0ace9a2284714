"""TIFF: stacks and pages, with the calibration of ImageJ, of DigitalMicrograph, or of the resolution tags."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.files.images import Images, stack_of
from agent.edge.files.pixel_size import PixelSize, in_nm, square

LARGEST_BELIEVED_NM = 10.0
"""A TIFF's resolution in dots an inch says 350000 nm a pixel: a printer's number, not a microscope's."""
DM_SCALES, DM_UNITS = (65010, 65009), (65004, 65003)
"""DigitalMicrograph's own TIFF tags: y and x."""
INCH, CENTIMETRE = 2, 3
"""Values of the tag ResolutionUnit."""


def read_tiff(path: Path) -> Images:
    """Every page of every series.

    Raises:
        EdgeError: a colour picture, or a truncated file.
    """
    import tifffile

    images: list[NDArray[Any]] = []
    with tifffile.TiffFile(path) as file:
        if not file.series:
            raise ValueError("it has no pages")
        for series in file.series:  # pages of another shape or type make another series
            array = series.asarray()
            if "S" in series.axes:
                raise EdgeError("a colour picture is not a camera frame")
            expected = sum(int(np.prod(p.shape)) for p in series.pages if p is not None)
            if array.size < expected:
                raise EdgeError(f"truncated, {array.size} of {expected} pixels are there")
            images += stack_of(array)
        # A file that was cut off between two pages reads well: what was promised tells.
        promised = int((file.imagej_metadata or {}).get("images", len(images)))
        if len(images) < promised:
            raise EdgeError(f"truncated, {len(images)} of {promised} images are there")
        if not file.imagej_metadata and _next_page(file) != 0:
            raise EdgeError(f"truncated, more than its {len(images)} whole images were promised")
        return Images(images=images, pixel_size=_pixel_size(file))


def _next_page(file: Any) -> int:
    """Where the last readable page says that the next one is; 0 says that it is the last."""
    file.filehandle.seek(file.pages.next_page_offset)
    (offset,) = struct.unpack(file.tiff.offsetformat, file.filehandle.read(file.tiff.offsetsize))
    return int(offset)


def _pixel_size(file: Any) -> PixelSize:
    tags = file.pages[0].tags
    if file.imagej_metadata:
        return _from_resolution(tags, in_nm(1.0, str(file.imagej_metadata.get("unit", ""))))
    if DM_SCALES[0] in tags and DM_SCALES[1] in tags:
        scales = zip(DM_SCALES, DM_UNITS, strict=True)
        return square(*(in_nm(tags[scale].value, tags[unit].value if unit in tags else None) for scale, unit in scales))
    # The resolution tags proper. Most writers fill them with a printer's dots an inch.
    kind = int(tags["ResolutionUnit"].value) if "ResolutionUnit" in tags else 1
    stated = _from_resolution(tags, {INCH: 2.54e7, CENTIMETRE: 1e7}.get(kind))
    return stated if stated.nm is None or stated.nm < LARGEST_BELIEVED_NM else PixelSize()


def _from_resolution(tags: Any, unit_nm: float | None) -> PixelSize:
    """Of pixels a unit in y and in x; nothing is stated when one is missing or not positive."""
    values = [tags[name].value for name in ("YResolution", "XResolution") if name in tags]
    if unit_nm is None or len(values) < 2 or any(n <= 0 or d <= 0 for n, d in values):
        return PixelSize()
    y_per_unit, x_per_unit = (n / d for n, d in values)
    return square(unit_nm / y_per_unit, unit_nm / x_per_unit)

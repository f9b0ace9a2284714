"""Files of images to frames: TIFF, MRC, PNG, HDF5; DM3, DM4, EMD, SER with an extra.

The pixel size comes from the file's own calibration or from the caller, never from a guess. A new format is a function
from a path to `Images`, and its line in `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.files.hdf5 import read_hdf5
from agent.edge.files.images import Images
from agent.edge.files.mrc import read_mrc
from agent.edge.files.png import read_png
from agent.edge.files.recording import SUFFIX
from agent.edge.files.tiff import read_tiff
from agent.edge.files.vendors import read_digital_micrograph, read_emd, read_ser
from protocol.frame import ALLOWED_DTYPES, Frame, Provenance

READERS: dict[str, Callable[[Path], Images]] = {
    ".tif": read_tiff,
    ".tiff": read_tiff,
    ".mrc": read_mrc,
    ".mrcs": read_mrc,
    ".png": read_png,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
    ".dm3": read_digital_micrograph,
    ".dm4": read_digital_micrograph,
    ".emd": read_emd,
    ".ser": read_ser,
}
"""By the ending of the name, in lower case."""


def read_images(path: Path, pixel_size_nm: float | None = None) -> Iterator[Frame]:
    """Frames of an image file in order; a given pixel size overrides the file's own.

    Raises:
        EdgeError: the file is missing, damaged, of an unknown kind, or holds no images.
    """
    found = _read(path)
    size_nm, provenance = _pixel_size(path, found, pixel_size_nm)
    time_s = path.stat().st_mtime
    for number, image in enumerate(found.images):
        yield Frame(
            pixels=_allowed(image, path),
            source=path.name,
            sequence=number,
            camera_time_s=time_s,
            pixel_size_nm=size_nm,
            pixel_size_provenance=provenance,
        )


def _read(path: Path) -> Images:
    """What the reader of this kind of file returns; whatever it raises becomes one line that names the file."""
    if not path.is_file():
        raise EdgeError(f"{path}: no such file")
    if path.suffix.lower() == ".emi":
        raise EdgeError(f"{path}: an .emi file holds no images; give the .ser files beside it")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise EdgeError(f"{path}: unknown kind of file; known are {', '.join(sorted(READERS))} and {SUFFIX}")
    try:
        found = reader(path)
    except EdgeError as error:
        raise EdgeError(f"{path}: {error}") from error
    except Exception as error:  # a damaged file makes the libraries raise whatever they like
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise EdgeError(f"{path}: cannot be read as {path.suffix}: {reason}") from error
    if not found.images:
        raise EdgeError(f"{path}: holds no image")
    return found


def _pixel_size(path: Path, found: Images, given_nm: float | None) -> tuple[float | None, Provenance]:
    if given_nm is not None:
        return given_nm, "user"
    stated = found.pixel_size
    if stated.fault:
        raise EdgeError(f"{path}: {stated.fault}; give the size with --pixel-size-nm")
    if stated.nm is None:
        return None, "unknown"
    if not (np.isfinite(stated.nm) and stated.nm > 0):
        raise EdgeError(
            f"{path}: its pixel size is {stated.nm} nm, which is not positive; give it with --pixel-size-nm"
        )
    return stated.nm, "metadata"


def _allowed(image: NDArray[Any], path: Path) -> NDArray[Any]:
    """An image as pixels of a camera: of an allowed type in this machine's byte order, read-only."""
    if image.ndim != 2 or 0 in image.shape:
        raise EdgeError(f"{path}: an image has two dimensions, got shape {image.shape}")
    if image.dtype.kind == "f":
        image = image.astype(np.float32)
    elif image.dtype.name == "int64" or image.dtype.name == "uint64":
        raise EdgeError(f"{path}: pixels of 64-bit integers are not counts of a camera")
    # This machine's byte order and one piece of memory; 8-bit signed counts have room in 16 bits.
    image = np.ascontiguousarray(image, dtype=image.dtype.newbyteorder("="))
    if image.dtype.name == "int8":
        image = image.astype(np.int16)
    if image.dtype.name not in ALLOWED_DTYPES:
        raise EdgeError(f"{path}: pixels of {image.dtype} are not among {', '.join(ALLOWED_DTYPES)}")
    image.flags.writeable = False
    return image

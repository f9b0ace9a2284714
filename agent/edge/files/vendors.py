"""DM3, DM4, SER and EMD, the microscopes' own formats, by the io part of ncempy (an optional package).

ncempy says of itself that its io part is under the MIT licence and the rest under GPL-3. `import ncempy` would load all
of it, and matplotlib; so the files of the io part, which import nothing of the rest, are loaded by their path.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.files.images import Images, stack_of
from agent.edge.files.pixel_size import PixelSize, in_nm, square

VELOX_IMAGES = "Data/Image"
"""Where Velox keeps images; an EMD without this group is one of Berkeley's."""


def read_digital_micrograph(path: Path) -> Images:
    """DM3 and DM4: the largest of the file's objects; the thumbnail is none of them."""
    with _ncempy("dm").fileDM(str(path), verbose=False) as file:
        found = [file.getDataset(n) for n in range(file.numObjects - file.thumbnail)]
    found = [one for one in found if one["data"].ndim >= 2]
    if not found:
        return Images(images=[], pixel_size=PixelSize())
    largest = max(found, key=lambda one: one["data"].size)
    return _images(largest["data"], largest["pixelSize"], largest["pixelUnit"])


def read_ser(path: Path) -> Images:
    """SER of TIA: an image, or a series of them."""
    read = _ncempy("ser").serReader(str(path))
    return _images(read["data"], read["pixelSize"], read["pixelUnit"])


def read_emd(path: Path) -> Images:
    """EMD of Velox or of Berkeley: the largest dataset."""
    with h5py.File(path) as file:
        velox = VELOX_IMAGES in file
    return _velox(path) if velox else _berkeley(path)


def _velox(path: Path) -> Images:
    with _ncempy("emdVelox").fileEMDVelox(str(path)) as file:
        found = [file.get_dataset(group) for group in file.list_data]
    if not found:
        return Images(images=[], pixel_size=PixelSize())
    array, about = max(found, key=lambda one: one[0].size)
    # Velox stores (h, w, frames); of a single frame ncempy leaves the last axis out.
    stack = np.moveaxis(array, -1, 0) if array.ndim == 3 else array
    return _images(stack, about["pixelSize"], about["pixelSizeUnit"])


def _berkeley(path: Path) -> Images:
    with _ncempy("emd").fileEMD(str(path), readonly=True) as file:
        found = [file.get_emdgroup(group) for group in file.list_emds]
    found = [one for one in found if one[0].ndim >= 2]
    if not found:
        return Images(images=[], pixel_size=PixelSize())
    array, axes = max(found, key=lambda one: one[0].size)
    steps = [float(at[1] - at[0]) if len(at) > 1 else 0.0 for at, _, _ in axes]
    return _images(array, steps, [unit.strip("[]") for _, _, unit in axes])


def _images(stack: NDArray[Any], sizes: Any, units: Any) -> Images:
    """Images of a stack (..., h, w), whose last two sizes and units are those of y and x."""
    y_nm, x_nm = (in_nm(float(size), unit) for size, unit in zip(sizes[-2:], units[-2:], strict=True))
    return Images(images=stack_of(np.asarray(stack)), pixel_size=square(y_nm, x_nm))


@cache
def _ncempy(name: str) -> ModuleType:
    """One module of ncempy's io part, without the package around it."""
    package = importlib.util.find_spec("ncempy")
    if package is None or package.origin is None:
        raise EdgeError("needs the extra: pip install 'beamside[formats]'")
    # By path: `import ncempy.io` would run the package's own __init__ first.
    file = Path(package.origin).parent / "io" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"ncempy_io_{name}", file)
    if spec is None or spec.loader is None:
        raise EdgeError(f"the installed ncempy has no io/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

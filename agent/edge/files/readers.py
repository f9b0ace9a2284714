"""Files of images to frames: TIFF, MRC, PNG, HDF5 and recordings; DM3, DM4, EMD, SER with an extra.

The pixel size comes from the file's own calibration or from the caller, never from a guess.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.files.recording import SUFFIX, read_recording
from protocol.errors import ProtocolError
from protocol.frame import ALLOWED_DTYPES, Frame
from protocol.wire.karabo import decode_frame

Images = tuple[list[NDArray[Any]], float | str | None]
"""Images (h, w) and the pixel size in nm that the file states, or why what it states is none."""

LARGEST_BELIEVED_NM = 10.0
"""A TIFF's resolution in dots an inch says 350000 nm a pixel: a printer's number, not a microscope's."""
DM_SCALES, DM_UNITS = (65009, 65010), (65003, 65004)
"""DigitalMicrograph's own TIFF tags: x and y."""
UNITS_NM = {
    "nm": 1.0,
    "nanometer": 1.0,
    "nanometers": 1.0,
    "um": 1e3,
    "µm": 1e3,
    "μm": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "\\u00b5m": 1e3,
    "a": 0.1,
    "å": 0.1,
    "angstrom": 0.1,
    "angstroms": 0.1,
    "pm": 1e-3,
    "m": 1e9,
    "cm": 1e7,
    "mm": 1e6,
}


def read_frames(path: Path, pixel_size_nm: float | None = None) -> Iterator[Frame]:
    """Frames of a file in order; a given pixel size overrides the file's own.

    Raises:
        EdgeError: the file is missing, damaged, of an unknown kind, or holds no images.
    """
    if not path.is_file():
        raise EdgeError(f"{path}: no such file")
    if path.suffix == SUFFIX:
        yield from _recorded(path)
        return
    if path.suffix.lower() == ".emi":
        raise EdgeError(f"{path}: an .emi file holds no images; give the .ser files beside it")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise EdgeError(f"{path}: unknown kind of file; known are {', '.join(sorted(READERS))} and {SUFFIX}")
    try:
        images, own_nm = reader(path)
    except EdgeError as error:
        raise EdgeError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from error
    except Exception as error:
        raise EdgeError(
            f"{path}: cannot be read as {path.suffix}: {str(error).splitlines()[0] if str(error) else error!r}"
        ) from error
    if not images:
        raise EdgeError(f"{path}: holds no image")
    size_nm = own_nm if pixel_size_nm is None else pixel_size_nm
    if isinstance(size_nm, str):
        raise EdgeError(f"{path}: {size_nm}; give the size with --pixel-size-nm")
    if size_nm is not None and not (np.isfinite(size_nm) and size_nm > 0):
        raise EdgeError(f"{path}: its pixel size is {size_nm} nm, which is not positive; give it with --pixel-size-nm")
    provenance = "user" if pixel_size_nm is not None else ("unknown" if own_nm is None else "metadata")
    time_s = path.stat().st_mtime
    for number, image in enumerate(images):
        yield Frame(
            pixels=_allowed(image, path),
            source=path.name,
            sequence=number,
            camera_time_s=time_s,
            pixel_size_nm=size_nm,
            pixel_size_provenance=provenance,
        )


def _recorded(path: Path) -> Iterator[Frame]:
    for message in read_recording(path):
        try:
            yield decode_frame(message.parts, received_time_s=message.received_time_s)
        except ProtocolError as error:
            raise EdgeError(f"{path}, message {message.index}: {error}") from error


def _allowed(image: NDArray[Any], path: Path) -> NDArray[Any]:
    if image.ndim != 2 or 0 in image.shape:
        raise EdgeError(f"{path}: an image has two dimensions, got shape {image.shape}")
    if image.dtype.kind == "f":
        image = image.astype(np.float32)
    elif image.dtype.name == "int64" or image.dtype.name == "uint64":
        raise EdgeError(f"{path}: pixels of 64-bit integers are not counts of a camera")
    image = np.ascontiguousarray(image, dtype=image.dtype.newbyteorder("="))
    if image.dtype.name == "int8":
        image = image.astype(np.int16)
    if image.dtype.name not in ALLOWED_DTYPES:
        raise EdgeError(f"{path}: pixels of {image.dtype} are not among {', '.join(ALLOWED_DTYPES)}")
    image.flags.writeable = False
    return image


def _slices(array: NDArray[Any]) -> list[NDArray[Any]]:
    """A stack of any depth to its images; the last two axes are rows and columns."""
    if array.ndim < 2:
        raise EdgeError(f"an image has two dimensions, got shape {array.shape}")
    return list(array.reshape(-1, *array.shape[-2:]))


def _tiff(path: Path) -> Images:
    import tifffile

    images: list[NDArray[Any]] = []
    with tifffile.TiffFile(path) as file:
        if not file.series:
            raise ValueError("it has no pages")
        for series in file.series:  # pages of another shape or type make another series
            array = series.asarray()
            if "S" in series.axes:
                raise EdgeError(f"{path}: a colour picture is not a camera frame")
            expected = sum(int(np.prod(p.shape)) for p in series.pages if p is not None)
            if array.size < expected:
                raise EdgeError(f"{path}: truncated, {array.size} of {expected} pixels are there")
            images += _slices(array)
        promised = int((file.imagej_metadata or {}).get("images", len(images)))
        if len(images) < promised:
            raise EdgeError(f"{path}: truncated, {len(images)} of {promised} images are there")
        if not file.imagej_metadata and _next_page(file) != 0:
            raise EdgeError(f"{path}: truncated, more than its {len(images)} whole images were promised")
        return images, _tiff_pixel_nm(file)


def _next_page(file: Any) -> int:
    """Where the last readable page says that the next one is; 0 says that it is the last."""
    file.filehandle.seek(file.pages.next_page_offset)
    (offset,) = struct.unpack(file.tiff.offsetformat, file.filehandle.read(file.tiff.offsetsize))
    return int(offset)


def _tiff_pixel_nm(file: Any) -> float | str | None:
    tags = file.pages[0].tags
    if file.imagej_metadata:
        unit = str(file.imagej_metadata.get("unit", "")).lower()
        resolution = _resolution(tags)
        if isinstance(resolution, str):
            return resolution
        return UNITS_NM[unit] / resolution if unit in UNITS_NM and resolution else None
    if DM_SCALES[0] in tags:
        x, y = (_in_nm(tags[n].value, tags[u].value) for n, u in zip(DM_SCALES, DM_UNITS, strict=True))
        if x is not None and y is not None and x > 0 and abs(y / x - 1) > 0.01:
            return f"the pixels are not square: {x:g} x {y:g} nm"
        return x
    kind = tags["ResolutionUnit"].value if "ResolutionUnit" in tags else 1
    resolution = _resolution(tags)
    if isinstance(resolution, str) or not resolution or int(kind) not in (2, 3):
        return None
    size_nm = (2.54e7 if int(kind) == 2 else 1e7) / resolution
    return size_nm if size_nm < LARGEST_BELIEVED_NM else None


def _in_nm(scale: Any, unit: Any) -> float | None:
    factor = UNITS_NM.get(str(unit).strip("\0 ").lower())
    return None if factor is None else float(scale) * factor


def _resolution(tags: Any) -> float | str | None:
    """Pixels a unit, or why the axes give none."""
    if "XResolution" not in tags or "YResolution" not in tags:
        return None
    x, y = (n / d if d else 0.0 for n, d in (tags["XResolution"].value, tags["YResolution"].value))
    if x <= 0 or y <= 0:
        return None
    if abs(x / y - 1) > 0.01:
        return f"the pixels are not square: {x:g} by {y:g} pixels a unit"
    return float(x)


def _mrc(path: Path) -> Images:
    import mrcfile

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # old writers leave out the map ID; the checks below suffice
        file = mrcfile.open(path, permissive=True)
    with file:
        if file.data is None:
            raise EdgeError(f"{path}: holds no image")
        x, y = float(file.voxel_size.x) / 10, float(file.voxel_size.y) / 10
        images = _slices(np.array(file.data))
    if x == 0 and y == 0:
        return images, None
    if x > 0 and y > 0 and abs(x / y - 1) > 0.01:
        return images, f"the pixels are not square: {x:g} x {y:g} nm"
    return images, x


def _png(path: Path) -> Images:
    from PIL import Image

    with Image.open(path) as picture:
        array = np.asarray(picture)
    if array.ndim == 3:
        if not (array[..., :3] == array[..., :1]).all():
            raise EdgeError(f"{path}: a colour picture is not a camera frame")
        array = array[..., 0]
    return [array], None


def _hdf5(path: Path) -> Images:
    import h5py

    with h5py.File(path) as file:
        found: list[Any] = []
        file.visititems(lambda _, item: found.append(item) if _is_images(item) else None)
        if not found:
            return [], None
        dataset = max(found, key=lambda d: d.size)
        size_nm = dataset.attrs.get("pixel_size_nm", file.attrs.get("pixel_size_nm"))
        return _slices(dataset[()]), None if size_nm is None else float(size_nm)


def _is_images(item: Any) -> bool:
    import h5py

    return isinstance(item, h5py.Dataset) and item.ndim >= 2 and item.dtype.kind in "uif" and min(item.shape[-2:]) > 1


def _gpl(path: Path) -> Images:
    """DM3, DM4, EMD, SER by rosettasciio, an optional GPL-3 package."""
    try:
        from rsciio import digitalmicrograph, emd, tia
    except ImportError as error:
        raise EdgeError(f"{path}: {path.suffix} needs the extra: pip install 'beamside[formats]' (GPL-3)") from error
    module = {".dm3": digitalmicrograph, ".dm4": digitalmicrograph, ".emd": emd}.get(path.suffix.lower(), tia)
    signals = [s for s in module.file_reader(str(path)) if np.ndim(s["data"]) >= 2]
    if not signals:
        return [], None
    signal = max(signals, key=lambda s: np.size(s["data"]))
    sizes = []
    for axis in signal["axes"][-2:]:
        unit = str(axis.get("units") or "").strip().lower()
        sizes.append(float(axis["scale"]) * UNITS_NM[unit] if unit in UNITS_NM else None)
    if None in sizes:
        return _slices(np.asarray(signal["data"])), None
    if abs(sizes[0] / sizes[1] - 1) > 0.01:  # type: ignore[operator]
        return _slices(np.asarray(signal["data"])), f"the pixels are not square: {sizes[1]:g} x {sizes[0]:g} nm"
    return _slices(np.asarray(signal["data"])), sizes[0]


READERS: dict[str, Callable[[Path], Images]] = {
    ".tif": _tiff,
    ".tiff": _tiff,
    ".mrc": _mrc,
    ".mrcs": _mrc,
    ".png": _png,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".dm3": _gpl,
    ".dm4": _gpl,
    ".emd": _gpl,
    ".ser": _gpl,
}

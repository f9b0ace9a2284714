"""HDF5: the largest dataset of images, with an attribute `pixel_size_nm` of its own or of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.edge.files.images import Images, stack_of
from agent.edge.files.pixel_size import PixelSize


def read_hdf5(path: Path) -> Images:
    """Every image of the largest dataset; none when no dataset holds images."""
    import h5py

    with h5py.File(path) as file:
        found: list[Any] = []
        file.visititems(lambda _, item: found.append(item) if _is_images(item) else None)
        if not found:
            return Images(images=[], pixel_size=PixelSize())
        dataset = max(found, key=lambda d: d.size)
        size_nm = dataset.attrs.get("pixel_size_nm", file.attrs.get("pixel_size_nm"))
        return Images(
            images=stack_of(dataset[()]), pixel_size=PixelSize(nm=None if size_nm is None else float(size_nm))
        )


def _is_images(item: Any) -> bool:
    import h5py

    return isinstance(item, h5py.Dataset) and item.ndim >= 2 and item.dtype.kind in "uif" and min(item.shape[-2:]) > 1

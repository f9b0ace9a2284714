"""A recipe whose store takes a second: ten particles of under 2 nm in shards of four, two films in shards of one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import h5py
import numpy as np

TINY = """
[waves]
seed = 5
particles = 10
films = 2
shapes = ["cube", "icosahedron"]
elements = ["Au", "Ag"]
element_weights = [0.5, 0.5]
energies_kev = [200.0, 300.0]
diameter_nm = [1.5, 2.0]
film_nm = [1.0, 1.5]
absorption = [0.03, 0.10]
film_absorption = 0.03
slice_nm = 0.4
pixel_size_nm = 0.032
film_width_px = 64
particles_a_shard = 4
films_a_shard = 1
"""
SHARDS = {"film-00000.h5", "film-00001.h5", "particle-00000.h5", "particle-00001.h5", "particle-00002.h5"}


def write_tiny(folder: Path, text: str = TINY) -> Path:
    """The recipe as a file."""
    path = folder / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return path


def file_digests(folder: Path) -> dict[str, str]:
    """sha256 of what every file of a store but its recipe holds, by name: leftovers show as well.

    Of a shard, all arrays and all truth to the last bit. Its file is not compared byte by byte: bytes that
    belong to HDF5 alone were seen to differ where nothing of the content did.
    """
    return {p.name: _digest(p) for p in folder.iterdir() if p.suffix != ".toml"}


def _digest(path: Path) -> str:
    if path.suffix != ".h5":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()

    def take(name: str, item: h5py.Group | h5py.Dataset) -> None:
        parts = {key: np.asarray(value) for key, value in item.attrs.items()}
        if isinstance(item, h5py.Dataset):
            parts[""] = item[()]
        for key, value in sorted(parts.items()):
            raw = value.tobytes() if value.dtype.kind in "biufc" else str(value.tolist()).encode()
            digest.update(f"{name}/{key} {value.dtype} {value.shape} ".encode() + raw)

    with h5py.File(path) as file:
        take("", file)
        file.visititems(take)
    return digest.hexdigest()

"""One sample of a store to what lies in its file and back: half-precision waves, packed masks, a digest of it all.

A group per sample, named by its index: `wave` (n, n, 2) float16, real and imaginary part of psi - 1, in chunks of rows
with Fletcher's checksum; `mask` (n, n / 8) uint8, bits of a row; metadata as attributes; `sha256` over all of these.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from simulator.exit_waves.simulate import FilmWave, ParticleWave

ROWS_PER_CHUNK = 64
NOT_METADATA = ("index", "wave", "mask")
"""Fields of a wave that are stored as arrays, or as the group's name."""

Stored = tuple[int, dict[str, NDArray[Any]], dict[str, Any]]
"""Index, arrays and metadata of one sample as they lie in a file."""


def encoded(wave: ParticleWave | FilmWave) -> Stored:
    """A sample as it is stored."""
    arrays: dict[str, NDArray[Any]] = {"wave": _halves(wave.wave)}
    if isinstance(wave, ParticleWave):
        arrays["mask"] = np.packbits(wave.mask, axis=1)
    metadata = {f.name: _plain(getattr(wave, f.name)) for f in fields(wave) if f.name not in NOT_METADATA}
    return wave.index, arrays, {key: value for key, value in metadata.items() if value is not None}


def decoded_particle(stored: Stored) -> ParticleWave:
    """A stored particle as it was, but for the half precision of its wave."""
    index, arrays, metadata = stored
    wave = _complex(arrays["wave"])
    mask = np.unpackbits(arrays["mask"], axis=1).astype(bool)[:, : wave.shape[0]]
    return ParticleWave(index=index, wave=wave, mask=mask, **_known(ParticleWave, metadata))


def decoded_film(stored: Stored) -> FilmWave:
    """A stored film as it was, but for the half precision of its wave."""
    index, arrays, metadata = stored
    return FilmWave(index=index, wave=_complex(arrays["wave"]), **_known(FilmWave, metadata))


def sample_digest(arrays: dict[str, NDArray[Any]], metadata: dict[str, Any]) -> str:
    """sha256 over arrays and metadata, in the order of their names."""
    digest = hashlib.sha256()
    for key, value in sorted({**arrays, **metadata}.items()):
        digest.update(key.encode())
        digest.update(np.ascontiguousarray(value).data if isinstance(value, np.ndarray) else repr(value).encode())
    return digest.hexdigest()


def write_group(file: h5py.File, wave: ParticleWave | FilmWave) -> None:
    """Write a sample as a group of an open shard, with the checksums."""
    index, arrays, metadata = encoded(wave)
    group = file.create_group(f"{index:07d}")
    for key, values in arrays.items():
        rows = (min(ROWS_PER_CHUNK, values.shape[0]), *values.shape[1:])
        group.create_dataset(key, data=values, fletcher32=True, chunks=rows)
    for key, value in metadata.items():
        group.attrs[key] = value
    group.attrs["sha256"] = sample_digest(arrays, metadata)


def read_group(file: h5py.File, name: str) -> tuple[Stored, str | None]:
    """(the sample, the digest that was written with it or None). HDF5 checks the chunks that are read.

    Raises:
        OSError, RuntimeError, KeyError: HDF5 cannot read them.
    """
    group = file[name]
    arrays = {key: group[key][()] for key in group}
    metadata = {key: _plain(value) for key, value in group.attrs.items()}
    digest = metadata.pop("sha256", None)
    return (int(name), arrays, metadata), digest


def _known(kind: type[Any], metadata: dict[str, Any]) -> dict[str, Any]:
    return {f.name: metadata[f.name] for f in fields(kind) if f.name in metadata}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _halves(wave: NDArray[np.complex64]) -> NDArray[np.float16]:
    """(n, n, 2) half precision of psi - 1: small numbers keep their digits."""
    return np.stack([wave.real - 1, wave.imag], -1).astype(np.float16)


def _complex(halves: NDArray[np.float16]) -> NDArray[np.complex64]:
    parts = halves.astype(np.float32)
    return np.asarray(parts[..., 0] + 1 + 1j * parts[..., 1], dtype=np.complex64)

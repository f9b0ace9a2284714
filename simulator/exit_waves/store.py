"""A folder of exit waves: HDF5 shards that are written whole or not at all, each sample with its truth and checksum.

particle-00000.h5, film-00000.h5, …; a group a sample, named by its index: `wave` (n, n, 2) float16, real and imaginary
part of psi - 1, in chunks of rows with Fletcher's checksum; `mask` (n, n / 8) uint8, bits of a row; the truth as
attributes; `sha256` over all of these. Any sample can be made again from the recipe's seed and its index alone.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import socket
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray

from simulator.exit_waves.simulate import FilmWave, ParticleWave, film_wave, particle_wave
from simulator.recipe import WaveRecipe

ROWS_A_CHUNK = 64
NOT_TRUTH = ("index", "wave", "mask")


class DamagedShardError(ValueError):
    """A shard cannot be read, or holds something else than was written into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One file of a stock."""

    kind: str
    """``particle`` or ``film``."""
    number: int

    def path(self, folder: Path) -> Path:
        """Where it lies when it is finished."""
        return folder / f"{self.kind}-{self.number:05d}.h5"

    def indices(self, recipe: WaveRecipe) -> range:
        """Its samples."""
        particle = self.kind == "particle"
        size = recipe.particles_a_shard if particle else recipe.films_a_shard
        total = recipe.particles if particle else recipe.films
        return range(self.number * size, min((self.number + 1) * size, total))


def recipe_digest(recipe: WaveRecipe) -> str:
    """What a shard says of its recipe, without the numbers of samples: a stock may be made longer.

    A field that has a default and holds it is left out, so that new fields do not disown old stocks.
    """
    values = {
        f.name: getattr(recipe, f.name)
        for f in fields(recipe)
        if f.name not in ("particles", "films") and (f.default is MISSING or getattr(recipe, f.name) != f.default)
    }
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]


def wave_split(index: int, classes: int) -> str:
    """``test`` for every tenth round of the classes, ``train`` else: by structure, never by image."""
    return "test" if index // classes % 10 == 9 else "train"


def film_split(index: int, films: int) -> str:
    """``test`` for the last seventh of the films."""
    return "test" if index >= films * 6 // 7 else "train"


def shards(recipe: WaveRecipe) -> list[Shard]:
    """Every shard of a stock, particles first."""
    particles = -(-recipe.particles // recipe.particles_a_shard)
    films = -(-recipe.films // recipe.films_a_shard)
    return [Shard(kind="particle", number=n) for n in range(particles)] + [
        Shard(kind="film", number=n) for n in range(films)
    ]


def missing(recipe: WaveRecipe, folder: Path) -> list[Shard]:
    """Shards still to be made: those that are not there, and a last one of a stock that shall become longer.

    Raises:
        DamagedShardError: one of those that are there cannot be opened.
        ValueError: one was made by another recipe.
    """
    return [s for s in shards(recipe) if not is_finished(recipe, s, folder)]


def is_finished(recipe: WaveRecipe, shard: Shard, folder: Path) -> bool:
    """Whether a shard is there with all its samples. Raises as `missing` does."""
    path = shard.path(folder)
    if not path.exists():
        return False
    with _opened(path, recipe) as file:
        return len(file) >= len(shard.indices(recipe))


def versions(device: torch.device) -> str:
    """What must be the same wherever shards of one stock are made: the programs and the kind of device."""
    return f"beamside {version('beamside')}, torch {torch.__version__}, numpy {np.__version__}, {device.type}"


def made_by(device: torch.device) -> str:
    """All that a bit of a wave may depend on besides its recipe: versions, processor, threads of this process."""
    if device.type == "cuda":
        return f"{versions(device)}, {torch.cuda.get_device_name(device)}"
    processor = f"{_maker_of_the_processor()} {torch.backends.cpu.get_cpu_capability()}"
    return f"{versions(device)}, {processor}, threads {torch.get_num_threads()}"


def _maker_of_the_processor() -> str:
    """``GenuineIntel``, ``AuthenticAMD``, …: MKL chooses its code by it; the architecture where it is not known."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    makers = [line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")]
    return makers[0] if makers else platform.processor() or platform.machine()


def maker_of(recipe: WaveRecipe, path: Path) -> str:
    """What `made_by` was where a shard was made. Raises as `particle_waves` does."""
    with _opened(path, recipe) as file:
        return str(file.attrs.get("made_by", "nobody knows whom"))


def make_sample(recipe: WaveRecipe, kind: str, index: int, device: torch.device) -> ParticleWave | FilmWave:
    """Simulate one sample from the recipe's seed and its index alone."""
    return particle_wave(recipe, index, device) if kind == "particle" else film_wave(recipe, index, device)


def make_shard(
    recipe: WaveRecipe, folder: Path, shard: Shard, device: torch.device, tick: Callable[[], object]
) -> Path:
    """Simulate one shard in memory (about 20 MB) and put it in its place. `tick` is called after every wave."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["recipe"] = recipe_digest(recipe)
        file.attrs["made_by"] = made_by(device)
        for index in shard.indices(recipe):
            _write(file, make_sample(recipe, shard.kind, index, device))
            tick()
    path = shard.path(folder)
    put_whole(path, content.getbuffer())
    return path


def put_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file under its name at once: a kill or a power cut leaves the old one, or none.

    Two processes that write the same file do not meet; the last one stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{socket.gethostname()}-{os.getpid()}.part")
    with open(unfinished, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        unfinished.replace(path)
    except FileNotFoundError:
        # Another process has finished this file meanwhile and swept ours away.
        if not path.exists():
            raise


def sweep(folder: Path, finished: list[Shard]) -> None:
    """Remove what killed runs have left of shards that were finished since."""
    for shard in finished:
        for leftover in folder.glob(f"{shard.path(folder).stem}.*part"):
            leftover.unlink(missing_ok=True)


def particle_waves(recipe: WaveRecipe, path: Path) -> Iterator[ParticleWave]:
    """The particles of one shard, read one by one.

    Raises:
        DamagedShardError: a checksum does not fit; the message names file and sample.
        ValueError: the shard was made by another recipe.
    """
    for index, arrays, truth in samples(recipe, path):
        wave = _complex(arrays["wave"])
        mask = np.unpackbits(arrays["mask"], axis=1).astype(bool)[:, : wave.shape[0]]
        yield ParticleWave(index=index, wave=wave, mask=mask, **_known(ParticleWave, truth))


def film_waves(recipe: WaveRecipe, folder: Path) -> Iterator[FilmWave]:
    """All films of a stock, read one by one. Raises as `particle_waves` does."""
    for path in sorted(folder.glob("film-*.h5")):
        for index, arrays, truth in samples(recipe, path):
            yield FilmWave(index=index, wave=_complex(arrays["wave"]), **_known(FilmWave, truth))


def particle_shards(folder: Path) -> list[Path]:
    """Finished shards of particles, in order."""
    return sorted(folder.glob("particle-*.h5"))


Stored = tuple[int, dict[str, NDArray[Any]], dict[str, Any]]
"""Index, arrays and truth of one sample as they lie in a file."""


def samples(recipe: WaveRecipe, path: Path, wanted: int | None = None) -> Iterator[Stored]:
    """All samples of a shard, or the one of index `wanted`. Raises as `particle_waves` does."""
    with _opened(path, recipe) as file:
        for name in sorted(file):
            if wanted is not None and int(name) != wanted:
                continue
            try:
                group = file[name]
                arrays = {key: group[key][()] for key in group}
                truth = {key: _plain(value) for key, value in group.attrs.items()}
            except (OSError, RuntimeError, KeyError) as error:
                raise _damaged(path, f"sample {int(name)}: {error}") from error
            # Stocks made before November 2026 have no digest; their waves still have Fletcher's.
            if truth.pop("sha256", None) not in (None, sample_digest(arrays, truth)):
                raise _damaged(path, f"sample {int(name)}: its sha256 does not fit its content")
            yield int(name), arrays, truth


def encoded(wave: ParticleWave | FilmWave) -> Stored:
    """A sample as it is stored."""
    arrays: dict[str, NDArray[Any]] = {"wave": _halves(wave.wave)}
    if isinstance(wave, ParticleWave):
        arrays["mask"] = np.packbits(wave.mask, axis=1)
    truth = {f.name: _plain(getattr(wave, f.name)) for f in fields(wave) if f.name not in NOT_TRUTH}
    return wave.index, arrays, {key: value for key, value in truth.items() if value is not None}


def sample_digest(arrays: dict[str, NDArray[Any]], truth: dict[str, Any]) -> str:
    """sha256 over arrays and truth, in the order of their names."""
    digest = hashlib.sha256()
    for key, value in sorted({**arrays, **truth}.items()):
        digest.update(key.encode())
        digest.update(np.ascontiguousarray(value).data if isinstance(value, np.ndarray) else repr(value).encode())
    return digest.hexdigest()


def _write(file: h5py.File, wave: ParticleWave | FilmWave) -> None:
    index, arrays, truth = encoded(wave)
    group = file.create_group(f"{index:07d}")
    for key, values in arrays.items():
        rows = (min(ROWS_A_CHUNK, values.shape[0]), *values.shape[1:])
        group.create_dataset(key, data=values, fletcher32=True, chunks=rows)
    for key, value in truth.items():
        group.attrs[key] = value
    group.attrs["sha256"] = sample_digest(arrays, truth)


def _opened(path: Path, recipe: WaveRecipe) -> h5py.File:
    try:
        file = h5py.File(path)
        maker = file.attrs["recipe"]
    except FileNotFoundError:
        raise
    except (OSError, KeyError) as error:
        raise _damaged(path, str(error)) from error
    if maker != recipe_digest(recipe):
        file.close()
        raise ValueError(f"{path} was made by another recipe ({maker}, wanted {recipe_digest(recipe)})")
    return file


def _damaged(path: Path, what: str) -> DamagedShardError:
    return DamagedShardError(f"{path} is damaged: {what}; delete it and run `beamside-simulate make` again")


def _known(kind: type[Any], truth: dict[str, Any]) -> dict[str, Any]:
    return {f.name: truth[f.name] for f in fields(kind) if f.name in truth}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _halves(wave: NDArray[np.complex64]) -> NDArray[np.float16]:
    """(n, n, 2) half precision of psi - 1: small numbers keep their digits."""
    return np.stack([wave.real - 1, wave.imag], -1).astype(np.float16)


def _complex(halves: NDArray[np.float16]) -> NDArray[np.complex64]:
    parts = halves.astype(np.float32)
    return np.asarray(parts[..., 0] + 1 + 1j * parts[..., 1], dtype=np.complex64)

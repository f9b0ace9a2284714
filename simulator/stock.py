"""A folder of exit waves: shards that are written whole or not at all, so that a killed run resumes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import h5py
import numpy as np
import torch

from simulator.recipe import WaveRecipe
from simulator.waves import FilmWave, ParticleWave, film_wave, particle_wave

WAVES_A_SHARD = 50
FILMS_A_SHARD = 10


def recipe_digest(recipe: WaveRecipe) -> str:
    """What a shard says of its recipe, without the numbers of samples: a stock may be made longer."""
    values = {k: v for k, v in asdict(recipe).items() if k not in ("particles", "films")}
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]


def wave_split(index: int, classes: int) -> str:
    """``test`` for every tenth round of the classes, ``train`` else: by structure, never by image."""
    return "test" if index // classes % 10 == 9 else "train"


def film_split(index: int, films: int) -> str:
    """``test`` for the last seventh of the films."""
    return "test" if index >= films * 6 // 7 else "train"


def missing(recipe: WaveRecipe, folder: Path) -> list[tuple[str, int]]:
    """(kind, shard) still to be made, particles first."""
    films, waves = -(-recipe.films // FILMS_A_SHARD), -(-recipe.particles // WAVES_A_SHARD)
    wanted = [("particle", n) for n in range(waves)] + [("film", n) for n in range(films)]
    return [(kind, n) for kind, n in wanted if not _path(folder, kind, n).exists()]


def make_shard(
    recipe: WaveRecipe, folder: Path, kind: str, number: int, device: torch.device, tick: Callable[[], object]
) -> Path:
    """Simulate one shard and put it in its place by a rename. `tick` is called after every wave."""
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(folder, kind, number)
    unfinished = path.with_suffix(".part")
    size, total = (WAVES_A_SHARD, recipe.particles) if kind == "particle" else (FILMS_A_SHARD, recipe.films)
    with h5py.File(unfinished, "w") as file:
        file.attrs["recipe"] = recipe_digest(recipe)
        for index in range(number * size, min((number + 1) * size, total)):
            if kind == "particle":
                _write_particle(file, particle_wave(recipe, index, device))
            else:
                _write_film(file, film_wave(recipe, index, device))
            tick()
    unfinished.replace(path)
    return path


def particle_waves(recipe: WaveRecipe, path: Path) -> Iterator[ParticleWave]:
    """The particles of one shard."""
    with h5py.File(path) as file:
        _check(file, recipe, path)
        for name in sorted(file):
            group = file[name]
            a = group.attrs
            yield ParticleWave(
                index=int(name),
                wave=_complex(group["wave"][()]),
                mask=np.unpackbits(group["mask"][()], axis=1).astype(bool)[:, : group["wave"].shape[0]],
                shape=str(a["shape"]),
                element=str(a["element"]),
                energy_kev=float(a["energy_kev"]),
                diameter_nm=float(a["diameter_nm"]),
                depth_nm=float(a["depth_nm"]),
                zone_angle_deg=float(a["zone_angle_deg"]),
                quaternion=np.asarray(a["quaternion"]),
            )


def film_waves(recipe: WaveRecipe, folder: Path) -> Iterator[FilmWave]:
    """All films of a stock."""
    for path in sorted(folder.glob("film-*.h5")):
        with h5py.File(path) as file:
            _check(file, recipe, path)
            for name in sorted(file):
                a = file[name].attrs
                yield FilmWave(
                    index=int(name),
                    wave=_complex(file[name]["wave"][()]),
                    energy_kev=float(a["energy_kev"]),
                    thickness_nm=float(a["thickness_nm"]),
                )


def particle_shards(folder: Path) -> list[Path]:
    """Finished shards of particles, in order."""
    return sorted(folder.glob("particle-*.h5"))


def _path(folder: Path, kind: str, number: int) -> Path:
    return folder / f"{kind}-{number:05d}.h5"


def _check(file: h5py.File, recipe: WaveRecipe, path: Path) -> None:
    if file.attrs["recipe"] != recipe_digest(recipe):
        raise ValueError(f"{path} was made by another recipe ({file.attrs['recipe']}, wanted {recipe_digest(recipe)})")


def _halves(wave: np.ndarray) -> np.ndarray:
    """(n, n, 2) half precision of psi - 1: small numbers keep their digits."""
    return np.stack([wave.real - 1, wave.imag], -1).astype(np.float16)


def _complex(halves: np.ndarray) -> np.ndarray:
    parts = halves.astype(np.float32)
    return np.asarray(parts[..., 0] + 1 + 1j * parts[..., 1], dtype=np.complex64)


def _write_particle(file: h5py.File, wave: ParticleWave) -> None:
    group = file.create_group(f"{wave.index:07d}")
    group.create_dataset("wave", data=_halves(wave.wave), fletcher32=True, chunks=True)
    group.create_dataset("mask", data=np.packbits(wave.mask, axis=1))
    for key in ("shape", "element", "energy_kev", "diameter_nm", "depth_nm", "zone_angle_deg", "quaternion"):
        group.attrs[key] = getattr(wave, key)


def _write_film(file: h5py.File, wave: FilmWave) -> None:
    group = file.create_group(f"{wave.index:07d}")
    group.create_dataset("wave", data=_halves(wave.wave), fletcher32=True, chunks=True)
    group.attrs["energy_kev"], group.attrs["thickness_nm"] = wave.energy_kev, wave.thickness_nm

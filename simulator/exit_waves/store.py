"""A store of exit waves: a folder of HDF5 shards that are written whole or not at all, and the recipe that made them.

recipe.toml, particle-00000.h5, film-00000.h5, …. What lies in a shard is `shard_codec`, who is held out is `splits`,
who writes shards is `generate`. Any sample can be made again from the recipe's seed and its index alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import h5py

from simulator.exit_waves.shard_codec import Stored, decoded_film, decoded_particle, read_group, sample_digest
from simulator.exit_waves.simulate import FilmWave, ParticleWave
from simulator.recipe import WaveRecipe

RECIPE_FILE = "recipe.toml"
"""In the store's folder: a store says itself how it was made."""


class DamagedShardError(ValueError):
    """A shard cannot be read, or holds something else than was written into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One file of a store."""

    kind: str
    """``particle`` or ``film``."""
    number: int
    """From 0, of its kind."""

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
    """What a shard says of its recipe, without the numbers of samples: a store may be made longer.

    A field that has a default and holds it is left out, so that new fields do not disown old stores.
    """
    values = {
        f.name: getattr(recipe, f.name)
        for f in fields(recipe)
        if f.name not in ("particles", "films") and (f.default is MISSING or getattr(recipe, f.name) != f.default)
    }
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]


HELD_OUT_EVERY = 10
"""Of so many rounds of the classes the last one is held out."""


def shards(recipe: WaveRecipe) -> list[Shard]:
    """Every shard of a store, particles first."""
    particles = -(-recipe.particles // recipe.particles_a_shard)
    films = -(-recipe.films // recipe.films_a_shard)
    return [Shard(kind="particle", number=n) for n in range(particles)] + [
        Shard(kind="film", number=n) for n in range(films)
    ]


def missing(recipe: WaveRecipe, folder: Path) -> list[Shard]:
    """Shards still to be made: those that are not there, and a last one of a store that shall become longer.

    Raises:
        DamagedShardError: one of those that are there cannot be opened.
        ValueError: one was made by another recipe.
    """
    return [s for s in shards(recipe) if not is_finished(recipe, s, folder)]


def is_finished(recipe: WaveRecipe, shard: Shard, folder: Path) -> bool:
    """Whether a shard is there with all its samples.

    Raises:
        DamagedShardError, ValueError: as `missing` does.
    """
    path = shard.path(folder)
    if not path.exists():
        return False
    with _opened(path, recipe) as file:
        return len(file) >= len(shard.indices(recipe))


def maker_of(recipe: WaveRecipe, path: Path) -> str:
    """What `provenance.made_by` was where a shard was made.

    Raises:
        DamagedShardError, ValueError, FileNotFoundError: as `particle_waves` does.
    """
    with _opened(path, recipe) as file:
        return str(file.attrs.get("made_by", "nobody knows whom"))


def remove_leftovers(folder: Path, finished: Sequence[Shard]) -> None:
    """Remove what killed runs have left of shards that were finished since."""
    for shard in finished:
        for leftover in folder.glob(f"{shard.path(folder).stem}.*part"):
            leftover.unlink(missing_ok=True)


def stored_recipe(folder: Path) -> Path:
    """The recipe's file in a store's folder.

    Raises:
        ValueError: it is not there.
    """
    path = folder / RECIPE_FILE
    if not path.exists():
        raise ValueError(f"{folder} holds no {RECIPE_FILE}: it is not an exit-wave store of beamside-simulate make")
    return path


def particle_shards(folder: Path) -> list[Path]:
    """Finished shards of particles, in order."""
    return sorted(folder.glob("particle-*.h5"))


def particle_waves(recipe: WaveRecipe, path: Path) -> Iterator[ParticleWave]:
    """The particles of one shard, read one by one.

    Raises:
        DamagedShardError: a checksum does not fit; the message names file and sample.
        ValueError: the shard was made by another recipe.
        FileNotFoundError: there is no such shard.
    """
    return (decoded_particle(sample) for sample in stored_samples(recipe, path))


def film_waves(recipe: WaveRecipe, folder: Path) -> Iterator[FilmWave]:
    """All films of a store, read one by one.

    Raises:
        DamagedShardError, ValueError: as `particle_waves` does.
    """
    return (
        decoded_film(sample) for path in sorted(folder.glob("film-*.h5")) for sample in stored_samples(recipe, path)
    )


def stored_samples(recipe: WaveRecipe, path: Path, wanted: int | None = None) -> Iterator[Stored]:
    """All samples of a shard as they are stored, or the one of index `wanted`.

    Raises:
        DamagedShardError, ValueError, FileNotFoundError: as `particle_waves` does.
    """
    with _opened(path, recipe) as file:
        for name in sorted(file):
            if wanted is not None and int(name) != wanted:
                continue
            try:
                sample, digest = read_group(file, name)
            except (OSError, RuntimeError, KeyError) as error:
                raise _damaged(path, f"sample {int(name)}: {error}") from error
            # Stores made before November 2026 have no digest; their waves still have Fletcher's checksum.
            if digest not in (None, sample_digest(*sample[1:])):
                raise _damaged(path, f"sample {int(name)}: its sha256 does not fit its content")
            yield sample


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

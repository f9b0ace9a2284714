"""The verb `render`: a store of exit waves to a dataset, shard by shard."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from simulator.exit_waves.generate import parse_part
from simulator.exit_waves.simulate import FilmWave, ParticleWave
from simulator.exit_waves.splits import film_split, wave_split
from simulator.exit_waves.store import Shard, film_waves, particle_waves, recipe_digest, stored_recipe
from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_envelope, read_waves
from trainer.data.dataset import shard_path, write_shard
from trainer.data.description import ShardDescription
from trainer.data.geometry import RENDER_GEOMETRY
from trainer.data.loader import POLL_S
from trainer.data.samples import render


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPlan:
    """Which dataset is made of which store of exit waves."""

    store: Path
    """Folder of `beamside-simulate make`, with its recipe."""
    out: Path
    """Folder of the dataset; shards that are already there are kept."""
    split: str
    """``train`` or ``test``, by structure and by film."""
    shards: int
    """Number of shards of the dataset; the store is gone through again and again."""
    waves: int
    """Number of exit waves of the store behind a shard, both splits together."""
    exposures: int
    """States of the lens in which every field of view is imaged."""
    seed: int
    """Of all draws; a shard depends on it and on the shard's number alone."""
    classes: tuple[str, ...] = ()
    """Shape classes by label; other shapes have no class. Empty: the shapes of the store's recipe."""
    first_index: int = 0
    """Added to the index of every structure: keeps structures of several stores in one dataset apart."""
    part: str = "1/1"
    """K/N: this is the K-th of N processes that share the work."""


def make_dataset(plan: DatasetPlan) -> None:
    """Write every shard of this part that is not there yet, waiting for exit waves that are still being made.

    Raises:
        ValueError: the store has no recipe, `part` is not K/N, or films of the split are missing for a beam energy.
        OSError: the store cannot be read or the dataset cannot be written.
    """
    recipe_path = stored_recipe(plan.store)
    recipe, envelope = read_waves(recipe_path), read_envelope(recipe_path)
    films = films_of_split(recipe, plan.store, plan.split)
    part, parts = parse_part(plan.part)
    description = ShardDescription(
        geometry=RENDER_GEOMETRY,
        classes=tuple(plan.classes or recipe.shapes),
        recipe_digest=recipe_digest(recipe),
        seed=plan.seed,
    )
    # The store's particle shards in groups of about `waves` waves: each dataset shard is made of one group, and the
    # groups are gone through in turns.
    stored_per_shard = max(1, plan.waves // recipe.particles_a_shard)
    groups = -(-recipe.particles // (stored_per_shard * recipe.particles_a_shard))
    for number in tqdm(range(part - 1, plan.shards, parts), unit="shard"):
        path = shard_path(plan.out, number)
        if path.exists():
            continue
        turn, group = divmod(number, groups)
        stored = range(group * stored_per_shard, (group + 1) * stored_per_shard)
        samples = render(
            [w for shard in _awaited(recipe, plan.store, stored) for w in _of_split(shard, recipe, plan.split)],
            films,
            recipe,
            envelope,
            RENDER_GEOMETRY,
            classes=plan.classes or recipe.shapes,
            exposures=plan.exposures,
            rng=np.random.default_rng([plan.seed, turn, group]),
            tick=lambda: None,
        )
        for row in samples.metadata:
            row["wave"] = int(row["wave"]) + plan.first_index
        write_shard(path, samples, description)


def films_of_split(recipe: WaveRecipe, store: Path, split: str) -> list[FilmWave]:
    """All films of one split.

    Raises:
        ValueError: a beam energy of the recipe has none yet.
    """
    films = [f for f in film_waves(recipe, store) if film_split(f.index, recipe.films) == split]
    if {f.energy_kev for f in films} != set(recipe.energies_kev):
        raise ValueError(f"{store} has no {split} films for every beam energy yet")
    return films


def _awaited(recipe: WaveRecipe, store: Path, numbers: range) -> Iterator[Path]:
    """Particle shards of the store by number, waiting for those that are still being made."""
    total = -(-recipe.particles // recipe.particles_a_shard)
    for number in range(numbers.start, min(numbers.stop, total)):
        path = Shard(kind="particle", number=number).path(store)
        while not path.exists():
            time.sleep(POLL_S)
        yield path


def _of_split(shard: Path, recipe: WaveRecipe, split: str) -> list[ParticleWave]:
    """Every tenth round of the classes is held out, so that both splits have all classes alike."""
    return [w for w in particle_waves(recipe, shard) if wave_split(w.index, len(recipe.shapes)) == split]

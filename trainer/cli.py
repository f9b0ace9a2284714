"""beamside-train: render a bank, fit a network, evaluate it, export it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from simulator.recipe import WaveRecipe, read_envelope, read_waves
from simulator.stock import film_waves, particle_shards, particle_waves
from simulator.waves import ParticleWave
from trainer.bank import write_shard
from trainer.render import Sizes, film_split, render, stock_of, wave_split
from trainer.train import FitConfig, fit


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the console script; returns the exit code."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        options.run(options)
    except (OSError, ValueError) as error:
        print(f"beamside-train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("beamside-train: stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="beamside-train", description="Images to a model file.")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    commands = parser.add_subparsers(required=True)

    one = commands.add_parser("render", help="a stock of waves to a bank of samples")
    one.add_argument("stock", type=Path, help="folder of `beamside-simulate make`, with its recipe.toml")
    one.add_argument("--out", type=Path, required=True)
    one.add_argument("--split", choices=("train", "test"), required=True)
    one.add_argument("--exposures", type=int, default=3, help="images of every field")
    one.add_argument("--passes", type=int, default=1, help="times that every wave is dealt")
    one.add_argument("--waves", type=int, default=300, help="waves a shard is dealt from")
    one.add_argument("--seed", type=int, required=True)
    one.add_argument("--part", default="1/1", help="K/N: the K-th of N processes that share the work")
    one.set_defaults(run=_render)

    two = commands.add_parser("fit", help="train a network, or go on where it stopped")
    two.add_argument("role", choices=("detector", "classifier"))
    two.add_argument("--bank", type=Path, required=True)
    two.add_argument("--classes", nargs="+", required=True)
    two.add_argument("--out", type=Path, required=True)
    two.add_argument("--steps", type=int, required=True)
    two.add_argument("--batch", type=int, default=64)
    two.add_argument("--learning-rate", type=float, default=2e-3)
    two.add_argument("--averaging", type=float, default=0.995)
    two.add_argument("--seed", type=int, default=1)
    two.set_defaults(run=_fit)
    return parser


def _fit(options: argparse.Namespace) -> None:
    config = FitConfig(
        role=options.role,
        classes=tuple(options.classes),
        steps=options.steps,
        batch=options.batch,
        learning_rate=options.learning_rate,
        averaging=options.averaging,
        seed=options.seed,
    )
    fit(config, options.bank, options.out, torch.device(options.device))


def _render(options: argparse.Namespace) -> None:
    recipe_path = stock_of(options.stock)
    recipe, envelope = read_waves(recipe_path), read_envelope(recipe_path)
    films = [f for f in film_waves(recipe, options.stock) if film_split(f.index, recipe.films) == options.split]
    if {f.energy_kev for f in films} != set(recipe.energies_kev):
        raise ValueError(f"{options.stock} has no {options.split} films for every beam energy yet")
    part, parts = (int(n) for n in options.part.split("/"))
    groups = _groups(particle_shards(options.stock), options.waves)
    jobs = [(turn, n) for turn in range(options.passes) for n in range(len(groups))]
    for number, (turn, n) in enumerate(tqdm(jobs, unit="shard")):
        path = options.out / f"shard-{number:05d}.npz"
        if number % parts != part - 1 or path.exists():
            continue
        waves = [w for shard in groups[n] for w in _of_split(shard, recipe, options.split)]
        rng = np.random.default_rng([options.seed, turn, n])
        samples = render(
            waves, films, recipe, envelope, Sizes(), exposures=options.exposures, rng=rng, tick=lambda: None
        )
        write_shard(path, samples)


def _of_split(shard: Path, recipe: WaveRecipe, split: str) -> list[ParticleWave]:
    """Every tenth round of the classes is held out, so that both splits have all classes alike."""
    return [w for w in particle_waves(recipe, shard) if wave_split(w.index, len(recipe.shapes)) == split]


def _groups(shards: list[Path], waves: int) -> list[list[Path]]:
    size = max(1, waves // 50)
    return [shards[k : k + size] for k in range(0, len(shards), size)]


if __name__ == "__main__":
    sys.exit(main())

"""beamside-simulate: make a stock of exit waves."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from simulator.recipe import read_waves
from simulator.session import make_session
from simulator.stock import FILMS_A_SHARD, WAVES_A_SHARD, make_shard, missing


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the console script; returns the exit code."""
    parser = argparse.ArgumentParser(prog="beamside-simulate", description="Atoms to exit waves, on disk.")
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="make (or go on with) a stock of exit waves")
    make.add_argument("recipe", type=Path)
    make.add_argument("--out", type=Path, required=True)
    make.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    make.add_argument("--threads", type=int, default=1)
    make.add_argument("--part", default="1/1", help="K/N: the K-th of N processes that share the work")
    make.set_defaults(run=_make)
    session = commands.add_parser("session", help="what the virtual microscope plays, from a stock")
    session.add_argument("recipe", type=Path)
    session.add_argument("--stock", type=Path, required=True)
    session.add_argument("--out", type=Path, required=True)
    session.add_argument("--seed", type=int, default=77)
    session.set_defaults(run=_session)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        return code
    except (OSError, ValueError) as error:
        print(f"beamside-simulate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("beamside-simulate: stopped; the same command goes on from here", file=sys.stderr)
        return 130


def _make(options: argparse.Namespace) -> int:
    torch.set_num_threads(options.threads)
    recipe = read_waves(options.recipe)
    part, parts = (int(n) for n in options.part.split("/"))
    shards = [job for job in missing(recipe, options.out) if job[1] % parts == part - 1]
    total = sum(WAVES_A_SHARD if kind == "particle" else FILMS_A_SHARD for kind, _ in shards)
    with tqdm(total=total, unit="wave", smoothing=0.05) as bar:
        for kind, number in shards:
            make_shard(recipe, options.out, kind, number, torch.device(options.device), bar.update)
    return 0


def _session(options: argparse.Namespace) -> int:
    truth = make_session(read_waves(options.recipe), options.stock, options.out, options.seed)
    print(f"{len(truth)} particles in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

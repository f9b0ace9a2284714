"""beamside-simulate: what can be asked for. What is done is in commands.py, which needs torch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the console script; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        from simulator.commands import COMMANDS
    except ModuleNotFoundError as error:
        print(f"beamside-simulate: {error}; pip install 'beamside[train]' brings it", file=sys.stderr)
        return 2
    try:
        code, text = COMMANDS[options.command](options)
    except (OSError, ValueError) as error:
        print(f"beamside-simulate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("beamside-simulate: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    print(text)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="beamside-simulate", description="Atoms to exit waves and images.")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_make(commands.add_parser("make", help="make (or go on with) a store of exit waves"))

    verify = commands.add_parser("verify", help="check a store's checksums and make some samples again")
    verify.add_argument("store", type=Path, help="folder that `make` wrote")
    verify.add_argument("--samples", type=int, default=5, help="how many are made again and compared")
    verify.add_argument("--seed", type=int, default=1, help="of their choice")
    _add_device(verify)

    sample = commands.add_parser("sample", help="make one sample from its recipe and index alone")
    sample.add_argument("recipe", type=Path)
    sample.add_argument("index", type=int)
    sample.add_argument("--kind", choices=("particle", "film"), default="particle")
    sample.add_argument("--out", type=Path, help="an .npz for the wave, the mask and the truth")
    _add_device(sample)

    show = commands.add_parser("show", help="a sheet of samples of every class, imaged at random")
    show.add_argument("recipe", type=Path)
    show.add_argument("--out", type=Path, default=Path("sheet.png"))
    show.add_argument("--samples", type=int, default=6, help="of each class")
    show.add_argument("--seed", type=int, default=1)
    _add_device(show)

    pictures = commands.add_parser("pictures", help="the pictures of simulator/README.md")
    pictures.add_argument("--out", type=Path, required=True, help="a folder")
    _add_device(pictures)

    frame = commands.add_parser("frame", help="one whole frame with the truth of its particles")
    _add_request(frame, "an .npz")
    movie = commands.add_parser("movie", help="a movie with its truth, one file per frame")
    _add_request(movie, "a folder")
    movie.add_argument("--frames", type=int, default=10)
    movie.add_argument("--drift-nm", type=float, nargs=2, metavar=("Y", "X"), default=(0.2, 0.1), help="per frame")
    movie.add_argument("--jitter-nm", type=float, default=0.05, help="standard deviation per frame")
    movie.add_argument("--focus-step-nm", type=float, default=0.3, help="standard deviation per frame")
    movie.add_argument("--spin-share", type=float, default=0.1, help="of the particles, as all shares")
    movie.add_argument("--tumble-share", type=float, default=0.1, help="each costs an exit wave per frame")
    movie.add_argument("--tumble-deg", type=float, default=1.0, help="per frame")
    movie.add_argument("--vanish-share", type=float, default=0.1)

    session = commands.add_parser("session", help="what the virtual microscope plays, from a store of exit waves")
    session.add_argument("recipe", type=Path)
    session.add_argument("--store", "--stock", type=Path, required=True, help="folder of exit waves")
    session.add_argument("--out", type=Path, required=True)
    session.add_argument("--seed", type=int, default=77)
    return parser


def _add_make(make: argparse.ArgumentParser) -> None:
    make.add_argument("recipe", type=Path)
    make.add_argument("--out", type=Path, required=True)
    make.add_argument("--part", default="1/1", help="K/N: the K-th of N runs that share the work")
    _add_device(make)
    place = make.add_argument_group("where", "one of: this process (the default), --workers, --scheduler, --slurm")
    one_of = place.add_mutually_exclusive_group()
    one_of.add_argument("--workers", type=int, default=1, help="processes of this machine, one thread each")
    one_of.add_argument("--scheduler", help="address of a Dask scheduler, such as tcp://host:8786")
    one_of.add_argument("--slurm", type=int, metavar="JOBS", help="jobs to start on a Slurm cluster")
    place.add_argument("--threads", type=int, default=1, help="when it works alone; sets last bits")
    slurm = make.add_argument_group("slurm", "all else comes from dask-jobqueue's ~/.config/dask/jobqueue.yaml")
    slurm.add_argument("--queue")
    slurm.add_argument("--account")
    slurm.add_argument("--walltime", default="04:00:00")
    slurm.add_argument("--processes-per-job", "--processes-a-job", type=int, default=1)
    slurm.add_argument("--memory-gb-per-process", "--memory-gb-a-process", type=float, default=2.0)
    slurm.add_argument("--script", action="store_true", help="print the script of a job and start nothing")


def _add_request(parser: argparse.ArgumentParser, out: str) -> None:
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--out", type=Path, required=True, help=out)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width-px", type=int, default=2048)
    parser.add_argument("--pixel-size-nm", type=float, default=0.04)
    parser.add_argument("--energy-kev", type=float, default=300.0)
    parser.add_argument("--particles", type=int, default=30)
    drawn = parser.add_argument_group("drawn from the recipe where they are not given")
    drawn.add_argument("--film-nm", type=float)
    drawn.add_argument("--dose", type=float, help="electrons per square angstrom and frame")
    drawn.add_argument("--c1-nm", type=float, help="of the first frame; overfocus is positive")


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", help="cpu or cuda; auto takes a GPU when there is one")


if __name__ == "__main__":
    sys.exit(main())

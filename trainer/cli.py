"""beamside-train: what can be asked for. What is done stands in `trainer.commands`, one file per verb."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from protocol.input_geometry import ROLES
from trainer.commands.compress import compress
from trainer.commands.export import ExportPlan, export
from trainer.commands.fit import FitPlan, run_fit, training_set
from trainer.commands.make_dataset import DatasetPlan, make_dataset
from trainer.fit.schedule import Schedule
from trainer.fit.train import FitConfig
from trainer.report.build import write
from trainer.report.measure import ReportPlan


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
    verbs = parser.add_subparsers(required=True)
    _add_render(verbs.add_parser("render", help="a store of exit waves to a dataset of samples"))
    _add_fit(verbs.add_parser("fit", help="train a network, or go on where it stopped"))
    _add_export(verbs.add_parser("export", help="networks to ONNX files and cards, calibrated and measured"))
    _add_compress(
        verbs.add_parser(
            "compress",
            aliases=["lighten"],
            help="half-precision and 8-bit networks beside exported ones, where they hold",
        )
    )
    _add_report(verbs.add_parser("report", help="everything that is measured, as Markdown with pictures"))
    return parser


def _add_dataset(parser: argparse.ArgumentParser, description: str) -> None:
    parser.add_argument("--dataset", "--bank", type=Path, required=True, help=description)


def _add_render(render: argparse.ArgumentParser) -> None:
    render.add_argument("store", type=Path, help="folder of `beamside-simulate make`, with its recipe.toml")
    render.add_argument("--out", type=Path, required=True)
    render.add_argument("--split", choices=("train", "test"), required=True)
    render.add_argument("--exposures", type=int, default=3, help="images of every field of view")
    render.add_argument("--shards", type=int, required=True, help="the store is gone through again and again")
    render.add_argument("--waves", type=int, default=400, help="waves of the store per shard, both splits together")
    render.add_argument("--seed", type=int, required=True)
    render.add_argument("--classes", nargs="+", help="other shapes have no class; by default the store's shapes")
    render.add_argument("--first-index", type=int, default=0, help="keeps structures of several stores apart")
    render.add_argument("--part", default="1/1", help="K/N: the K-th of N processes that share the work")
    render.set_defaults(run=_render)


def _add_fit(fit: argparse.ArgumentParser) -> None:
    fit.add_argument("role", choices=ROLES)
    source = fit.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset", "--bank", type=Path, help="the training dataset")
    source.add_argument("--mixture", type=Path, help="file that says which shards of which datasets to train on")
    fit.add_argument("--classes", nargs="+", required=True)
    fit.add_argument("--out", type=Path, required=True)
    fit.add_argument("--start", type=Path, help="checkpoint whose weights a fresh run begins with")
    fit.add_argument("--steps", type=int, required=True)
    fit.add_argument("--decay", type=int, required=True, help="the last so many steps bring the learning rate to zero")
    fit.add_argument("--shards", type=int, help="of the dataset, made or still to come; a mixture's by default all")
    fit.add_argument("--window", type=int, default=100, help="shards in memory at most")
    fit.add_argument("--start-shards", type=int, default=1, help="shards needed to begin")
    fit.add_argument(
        *("--steps-per-shard", "--steps-a-shard"),
        dest="steps_per_shard",
        type=int,
        default=1,
        help="after so many steps one more shard is taken in",
    )
    fit.add_argument("--check", type=Path, help="held-out dataset whose accuracy goes into the log")
    fit.add_argument("--batch", type=int, default=64)
    fit.add_argument("--learning-rate", type=float, default=2e-3)
    fit.add_argument("--averaging", type=float, default=0.995)
    fit.add_argument("--seed", type=int, default=1)
    fit.set_defaults(run=_fit)


def _add_export(export: argparse.ArgumentParser) -> None:
    export.add_argument("--classifier", type=Path, required=True)
    export.add_argument("--detector", type=Path, help="without it the detector in OUT stays as it is")
    _add_dataset(export, "the held-out dataset")
    export.add_argument("--out", type=Path, required=True)
    export.add_argument("--name", required=True)
    export.add_argument("--version", default="", help="of a released model, as 5; without it none is shown")
    export.add_argument("--made-by", required=True, help="the script of trainer/runs that made the weights")
    export.add_argument("--exit-waves", type=int, required=True, help="distinct exit waves that training has seen")
    export.add_argument("--error-level", type=float, default=0.10, help="of the answers, with 95 %% trust")
    export.add_argument("--detector-threshold", type=float, default=0.5)
    export.set_defaults(run=_export)


def _add_compress(compress: argparse.ArgumentParser) -> None:
    compress.add_argument("models", type=Path, help="folder that `export` wrote")
    _add_dataset(compress, "the training dataset, to calibrate on")
    compress.add_argument("--check", type=Path, required=True, help="the held-out dataset, to accept by")
    compress.set_defaults(run=_compress)


def _add_report(report: argparse.ArgumentParser) -> None:
    report.add_argument("--classifier", type=Path, required=True)
    report.add_argument("--detector", type=Path, required=True)
    _add_dataset(report, "the held-out dataset")
    report.add_argument("--store", "--stock", type=Path, required=True, help="the store of exit waves behind it")
    report.add_argument("--cache", type=Path, default=Path("data/report"), help="for images that ask no network")
    report.add_argument("--real", type=Path, help="folder of real frames, images/ and masks/")
    report.add_argument("--vacuum", type=Path, help="stack of real vacuum")
    report.add_argument("--reference", "--second", type=Path, help="dataset of another simulator")
    report.add_argument("--error-level", type=float, default=0.10, help="of the answers, with 95 %% trust")
    report.add_argument("--particles", type=int, default=200, help="behind the controlled experiments")
    report.add_argument("--frames", type=int, default=12, help="composed frames per dose band")
    report.add_argument("--out", type=Path, required=True)
    report.set_defaults(run=_report)


def _named_in(plan: type[Any], options: argparse.Namespace) -> dict[str, Any]:
    """The options that are fields of a plan, by name; a list becomes a tuple."""
    names = {field.name for field in fields(plan)}
    given = {name: value for name, value in vars(options).items() if name in names}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _render(options: argparse.Namespace) -> None:
    options.classes = options.classes or []
    make_dataset(DatasetPlan(**_named_in(DatasetPlan, options)))


def _fit(options: argparse.Namespace) -> None:
    options.training_set = training_set(options.dataset, options.mixture, options.shards)
    options.shards = len(options.training_set.shards)
    options.config = FitConfig(**_named_in(FitConfig, options))
    options.schedule = Schedule(steps=options.steps, decay=options.decay)
    run_fit(FitPlan(**_named_in(FitPlan, options)))


def _export(options: argparse.Namespace) -> None:
    for name, value in export(ExportPlan(**_named_in(ExportPlan, options))).items():
        print(f"{name:40s}{value:10.4f}")


def _compress(options: argparse.Namespace) -> None:
    for line in compress(options.models, options.dataset, options.check):
        print(line)


def _report(options: argparse.Namespace) -> None:
    write(ReportPlan(**_named_in(ReportPlan, options)), options.out, shlex.join(["beamside-train", *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())

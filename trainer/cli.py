"""beamside-train: render a bank, fit a network, evaluate it, export it."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from simulator.exit_waves.simulate import ParticleWave
from simulator.exit_waves.store import film_split, film_waves, particle_waves, wave_split
from simulator.recipe import WaveRecipe, read_envelope, read_waves
from trainer.data.dataset import read_maps, read_patches, shards_of, write_shard
from trainer.data.loader import POLL_S
from trainer.data.samples import Sizes, render, stock_of
from trainer.evaluation.calibration import confusion_counts
from trainer.evaluation.predictions import (
    accuracy_of,
    class_accuracy,
    classifier_measures,
    detector_measures,
    fused_views,
    judge,
)
from trainer.export.golden import telling_maps, telling_patches
from trainer.export.int8 import lighten
from trainer.export.onnx import export_classifier, export_detector
from trainer.fit.distributed import place
from trainer.fit.train import FitConfig, Length, fit, trained
from trainer.report.build import write
from trainer.report.measure import Plan


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
    one.add_argument("--shards", type=int, required=True, help="the stock is gone through again and again")
    one.add_argument("--waves", type=int, default=400, help="waves of the stock behind a shard, both splits together")
    one.add_argument("--seed", type=int, required=True)
    one.add_argument("--classes", nargs="+", help="other shapes have no class; by default the stock's shapes")
    one.add_argument("--first-index", type=int, default=0, help="keeps structures of several stocks in one bank apart")
    one.add_argument("--part", default="1/1", help="K/N: the K-th of N processes that share the work")
    one.set_defaults(run=_render)

    two = commands.add_parser("fit", help="train a network, or go on where it stopped")
    two.add_argument("role", choices=("detector", "classifier"))
    two.add_argument("--bank", type=Path, required=True)
    two.add_argument("--classes", nargs="+", required=True)
    two.add_argument("--out", type=Path, required=True)
    two.add_argument("--start", type=Path, help="checkpoint whose weights a fresh run begins with")
    two.add_argument("--steps", type=int, required=True)
    two.add_argument("--decay", type=int, required=True, help="the last so many steps bring the learning rate to zero")
    two.add_argument("--shards", type=int, required=True, help="of the bank, rendered or still to come")
    two.add_argument("--window", type=int, default=100, help="shards in memory at most")
    two.add_argument("--start-shards", type=int, default=1, help="shards needed to begin")
    two.add_argument("--steps-a-shard", type=int, default=1, help="after so many steps one more shard is taken in")
    two.add_argument("--check", type=Path, help="held-out bank whose accuracy goes into the log")
    two.add_argument("--batch", type=int, default=64)
    two.add_argument("--learning-rate", type=float, default=2e-3)
    two.add_argument("--averaging", type=float, default=0.995)
    two.add_argument("--seed", type=int, default=1)
    two.set_defaults(run=_fit)
    three = commands.add_parser("export", help="networks to ONNX files and cards, calibrated and measured")
    three.add_argument("--classifier", type=Path, required=True)
    three.add_argument("--detector", type=Path, help="without it the detector in OUT stays as it is")
    three.add_argument("--bank", type=Path, required=True, help="the held-out bank")
    three.add_argument("--out", type=Path, required=True)
    three.add_argument("--name", required=True)
    three.add_argument("--made-by", required=True, help="the script of trainer/runs that made the weights")
    three.add_argument("--exit-waves", type=int, required=True, help="distinct exit waves that training has seen")
    three.add_argument("--error-level", type=float, default=0.10, help="of the answers, with 95 %% trust")
    three.add_argument("--detector-threshold", type=float, default=0.5)
    three.set_defaults(run=_export)
    four = commands.add_parser(
        "lighten", help="half-precision and 8-bit networks beside exported ones, where they hold"
    )
    four.add_argument("models", type=Path, help="folder that `export` wrote")
    four.add_argument("--bank", type=Path, required=True, help="the training bank, to calibrate on")
    four.add_argument("--check", type=Path, required=True, help="the held-out bank, to judge by")
    four.set_defaults(run=_lighten)
    five = commands.add_parser("report", help="everything that is measured, as Markdown with pictures")
    five.add_argument("--classifier", type=Path, required=True)
    five.add_argument("--detector", type=Path, required=True)
    five.add_argument("--bank", type=Path, required=True, help="the held-out bank")
    five.add_argument("--stock", type=Path, required=True, help="the stock behind it")
    five.add_argument("--cache", type=Path, default=Path("data/report"), help="for images that ask no network")
    five.add_argument("--real", type=Path, help="folder of real frames, images/ and masks/")
    five.add_argument("--vacuum", type=Path, help="stack of real vacuum")
    five.add_argument("--second", type=Path, help="bank of another simulator")
    five.add_argument("--error-level", type=float, default=0.10, help="of the answers, with 95 %% trust")
    five.add_argument("--particles", type=int, default=200, help="behind the studies")
    five.add_argument("--frames", type=int, default=12, help="composed frames a dose band")
    five.add_argument("--out", type=Path, required=True)
    five.set_defaults(run=_report)
    return parser


def _report(options: argparse.Namespace) -> None:
    names = {field.name for field in fields(Plan)}
    plan = Plan(**{name: value for name, value in vars(options).items() if name in names})
    write(plan, options.out, shlex.join(["beamside-train", *sys.argv[1:]]))


def _lighten(options: argparse.Namespace) -> None:
    for line in lighten(options.models, shards_of(options.bank), shards_of(options.check)):
        print(line)


def _export(options: argparse.Namespace) -> None:
    provenance = {"run": options.made_by, "exit_waves": str(options.exit_waves)}
    network, config, steps = trained(options.classifier)
    held_out = read_patches(shards_of(options.bank))
    judged = judge(network, held_out, len(config.classes), options.error_level)
    p, rows = judged.measured()
    measures = classifier_measures(p, rows)
    measures |= {f"recall_{k}": v for k, v in class_accuracy(p, rows["label"], config.classes).items()}
    measures["accuracy_two_images"] = accuracy_of(*fused_views(p, rows, 2, np.random.default_rng(0)))
    counts = confusion_counts(p, rows["label"], judged.threshold, rows["wave"])
    sizes = Sizes()
    export_classifier(
        network,
        config.classes,
        sizes.patch_px,
        options.out,
        golden=telling_patches(held_out.patches, held_out.rows["label"], judged.p),
        name=options.name,
        pixel_size_nm=sizes.patch_pixel_size_nm,
        provenance=provenance | {"steps": str(steps), "error_level": str(options.error_level)},
        measures=measures,
        temperature=judged.temperature,
        threshold=judged.threshold,
        confusion=tuple(tuple(round(float(n), 2) for n in row) for row in counts),
    )
    measures |= {"temperature": judged.temperature, "threshold": judged.threshold}
    if options.detector is not None:
        measures |= _export_detector(options, provenance, sizes)
    for key, value in measures.items():
        print(f"{key:40s}{value:10.4f}")


def _export_detector(options: argparse.Namespace, provenance: dict[str, str], sizes: Sizes) -> dict[str, float]:
    network, _, steps = trained(options.detector)
    found = detector_measures(network, shards_of(options.bank), options.detector_threshold)
    export_detector(
        network,
        options.out,
        golden=telling_maps(read_maps(shards_of(options.bank)[:1])),
        name=options.name,
        pixel_size_nm=sizes.detector_pixel_size_nm,
        patch_px=sizes.divisor,
        provenance=provenance | {"steps": str(steps)},
        measures=found,
        threshold=options.detector_threshold,
    )
    return found


def _fit(options: argparse.Namespace) -> None:
    config = FitConfig(
        role=options.role,
        classes=tuple(options.classes),
        batch=options.batch,
        learning_rate=options.learning_rate,
        shards=options.shards,
        window=options.window,
        start_shards=options.start_shards,
        steps_a_shard=options.steps_a_shard,
        averaging=options.averaging,
        seed=options.seed,
    )
    length = Length(steps=options.steps, decay=options.decay)
    with place(torch.device(options.device)) as where:
        fit(config, length, options.bank, options.out, where, start=options.start, check=options.check)


def _render(options: argparse.Namespace) -> None:
    recipe_path = stock_of(options.stock)
    recipe, envelope = read_waves(recipe_path), read_envelope(recipe_path)
    films = [f for f in film_waves(recipe, options.stock) if film_split(f.index, recipe.films) == options.split]
    if {f.energy_kev for f in films} != set(recipe.energies_kev):
        raise ValueError(f"{options.stock} has no {options.split} films for every beam energy yet")
    part, parts = (int(n) for n in options.part.split("/"))
    a_shard = max(1, options.waves // recipe.particles_a_shard)
    groups = -(-recipe.particles // (a_shard * recipe.particles_a_shard))
    for number in tqdm(range(part - 1, options.shards, parts), unit="shard"):
        path = options.out / f"shard-{number:05d}.npz"
        if path.exists():
            continue
        turn, n = divmod(number, groups)
        waves = [
            w
            for shard in _arrived(recipe, options.stock, range(n * a_shard, (n + 1) * a_shard))
            for w in _of_split(shard, recipe, options.split)
        ]
        rng = np.random.default_rng([options.seed, turn, n])
        samples = render(
            waves,
            films,
            recipe,
            envelope,
            Sizes(),
            classes=options.classes or recipe.shapes,
            exposures=options.exposures,
            rng=rng,
            tick=lambda: None,
        )
        for row in samples.rows:
            row["wave"] = int(row["wave"]) + options.first_index
        write_shard(path, samples)


def _arrived(recipe: WaveRecipe, stock: Path, numbers: range) -> Iterator[Path]:
    """Shards of the stock by number, waiting for those that are still being made."""
    last = -(-recipe.particles // recipe.particles_a_shard)
    for number in range(numbers.start, min(numbers.stop, last)):
        path = stock / f"particle-{number:05d}.h5"
        while not path.exists():
            time.sleep(POLL_S)
        yield path


def _of_split(shard: Path, recipe: WaveRecipe, split: str) -> list[ParticleWave]:
    """Every tenth round of the classes is held out, so that both splits have all classes alike."""
    return [w for w in particle_waves(recipe, shard) if wave_split(w.index, len(recipe.shapes)) == split]


if __name__ == "__main__":
    sys.exit(main())

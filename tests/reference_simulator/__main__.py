"""Make the dataset of the reference simulator, or evaluate a classifier on it.

python -m tests.reference_simulator make --out data/bank/second --particles 250 --seed 1
python -m tests.reference_simulator score --classifier data/run/classifier.pt --calibration data/bank/test
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tqdm import tqdm

from simulator.exit_waves.generate import parse_part


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("make", help="goes on where it stopped")
    make.add_argument("--out", type=Path, required=True)
    make.add_argument("--particles", type=int, default=250)
    make.add_argument("--seed", type=int, default=1)
    make.add_argument("--part", default="1/1", help="K/N: the K-th of N processes that share the work")
    make.set_defaults(run=_make)
    score = commands.add_parser("score", help="accuracy, calibration, coverage and confusion, with intervals")
    score.add_argument("--classifier", type=Path, required=True, help="a checkpoint, or a folder with classifier.onnx")
    score.add_argument("--dataset", "--bank", type=Path, default=Path("data/bank/second"))
    score.add_argument(
        "--precision", nargs="+", default=["fp32"], choices=("fp32", "fp16", "int8"), help="of a model folder"
    )
    score.add_argument("--calibration", type=Path, help="held-out dataset that a checkpoint's temperature is fitted on")
    score.set_defaults(run=_score)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _make(options: argparse.Namespace) -> None:
    # abTEM and ASE are needed by this command alone.
    from tests.reference_simulator.carbon import block_path, read_block
    from tests.reference_simulator.make import PER_SHARD, Plan, make

    plan = Plan(particles=options.particles, seed=options.seed)
    block_nm = read_block(block_path())
    start_s = time.process_time()
    part, parts = parse_part(options.part)
    with tqdm(total=len(range(part - 1, plan.particles // PER_SHARD, parts)), unit="shard") as bar:
        make(plan, options.out, block_nm, bar.update, part=part, parts=parts)
    print(f"{time.process_time() - start_s:.0f} s of one core")


def _score(options: argparse.Namespace) -> None:
    from tests.reference_simulator.score import report

    for precision in options.precision:
        for line in report(options.classifier, options.dataset, options.calibration, precision):
            print(line)


if __name__ == "__main__":
    sys.exit(main())

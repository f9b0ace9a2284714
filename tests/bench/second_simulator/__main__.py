"""Make the bank, or judge a classifier on it.

python -m tests.bench.second_simulator make --out data/bank/second --particles 250 --seed 1
python -m tests.bench.second_simulator score --classifier data/run/classifier.pt --calibration data/bank/test
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tqdm import tqdm


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("make", help="goes on where it stopped")
    one.add_argument("--out", type=Path, required=True)
    one.add_argument("--particles", type=int, default=250)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--part", default="1/1", help="K/N: the K-th of N processes that share the work")
    one.set_defaults(run=_make)
    two = commands.add_parser("score")
    two.add_argument("--classifier", type=Path, required=True, help="a checkpoint, or a folder with classifier.onnx")
    two.add_argument("--bank", type=Path, default=Path("data/bank/second"))
    two.add_argument(
        "--precision", nargs="+", default=["fp32"], choices=("fp32", "fp16", "int8"), help="of a model folder"
    )
    two.add_argument("--calibration", type=Path, help="held-out bank that a checkpoint's temperature is fitted on")
    two.set_defaults(run=_score)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _make(options: argparse.Namespace) -> None:
    # abTEM and ASE are wanted by this command alone.
    from tests.bench.second_simulator.carbon import block_path, read_block
    from tests.bench.second_simulator.make import A_SHARD, Plan, make

    plan = Plan(particles=options.particles, seed=options.seed)
    block_nm = read_block(block_path())
    start_s = time.process_time()
    part, parts = (int(n) for n in options.part.split("/"))
    with tqdm(total=len(range(part - 1, plan.particles // A_SHARD, parts)), unit="shard") as bar:
        make(plan, options.out, block_nm, bar.update, part=part, parts=parts)
    print(f"{time.process_time() - start_s:.0f} s of one core")


def _score(options: argparse.Namespace) -> None:
    from tests.bench.second_simulator.score import report

    for precision in options.precision:
        for line in report(options.classifier, options.bank, options.calibration, precision):
            print(line)


if __name__ == "__main__":
    sys.exit(main())

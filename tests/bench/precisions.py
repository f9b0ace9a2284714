"""The shipped networks in every precision on the same held-out images, on this processor or an older one.

python -m tests.bench.precisions --bank data/bank/test
python -m tests.bench.older_processor avx2 python -m tests.bench.precisions --bank data/bank/test

The bank is that of `beamside-train render --split test` (trainer/runs/second.sh). Shapes: images of the envelope that
the card speaks of. Outputs are summed up in a digest: two processors that print the same one gave the same bits.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.edge.inference.model_folder import PRECISIONS, candidates
from agent.edge.inference.processor import this_processor
from agent.edge.settings import MODELS
from protocol.model_card import ModelCard
from trainer.data.dataset import read_patches, shards_of
from trainer.evaluation.predictions import envelope
from trainer.export.acceptance import Judge, map_judge, patch_judge
from trainer.export.runtime import Run, runner


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS[1:], default=["fp32", "int8"])
    parser.add_argument("--shards", type=int, help="of the bank, the first so many; default: all")
    options = parser.parse_args()
    here = this_processor()
    print(f"{here.name}, {here.instruction_set}")
    shards = shards_of(options.bank)[: options.shards]
    for role, judge in (("classifier", classifier_judge(shards)), ("detector", map_judge(shards))):
        for precision in options.precision:
            (file,) = candidates(options.models, role, precision, lighter=precision).files[:1]
            print(line(role, precision, file.card, runner(file.path.read_bytes()), judge), flush=True)


def classifier_judge(shards: Sequence[Path]) -> Judge:
    data = read_patches(shards)
    stated = envelope(data.rows)
    return patch_judge(data.patches[stated][:, None], data.rows["label"][stated])


def line(role: str, precision: str, card: ModelCard, run: Run, judge: Judge) -> str:
    digest = hashlib.sha256()

    def watched(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs = run(batch)
        digest.update(outputs.tobytes())
        return outputs

    found = "  ".join(f"{name} {value:.4f}" for name, value in judge.measures(watched, card).items())
    return f"{role:11s}{precision:5s}{judge.samples:6d} images  {found}  outputs {digest.hexdigest()[:12]}"


if __name__ == "__main__":
    main()

"""The shipped networks in every precision on the same held-out images, on this processor or an older one.

python -m tests.bench.precisions --dataset data/bank/test
python -m tests.bench.older_processor avx2 python -m tests.bench.precisions --dataset data/bank/test

The dataset is that of `beamside-train render --split test` (trainer/runs/second.sh). Shapes: images of the envelope
that the card speaks of. Outputs are summed up in a digest: two processors that print the same one gave the same bits.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.edge.inference.model_folder import read_model
from agent.edge.inference.processor import this_processor
from agent.edge.settings import MODELS
from protocol.model_card import ModelCard
from protocol.model_folder import PRECISIONS
from trainer.data.dataset import read_patches, shards_of
from trainer.evaluation.predictions import envelope
from trainer.export.acceptance import AcceptanceTest, map_acceptance, patch_acceptance
from trainer.export.runtime import Run, runner


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", "--bank", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=["fp32", "int8"])
    parser.add_argument("--shards", type=int, help="of the dataset, the first so many; default: all")
    options = parser.parse_args()
    here = this_processor()
    print(f"{here.name}, {here.instruction_set}")
    shards = shards_of(options.dataset)[: options.shards]
    for role, test in (("classifier", classifier_acceptance(shards)), ("detector", map_acceptance(shards))):
        for precision in options.precision:
            file = read_model(options.models, role, precision)
            print(line(role, precision, file.card, runner(file.content), test), flush=True)


def classifier_acceptance(shards: Sequence[Path]) -> AcceptanceTest:
    data = read_patches(shards)
    stated = envelope(data.metadata)
    return patch_acceptance(data.patches[stated][:, None], data.metadata["label"][stated])


def line(role: str, precision: str, card: ModelCard, run: Run, test: AcceptanceTest) -> str:
    digest = hashlib.sha256()

    def watched(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs = run(batch)
        digest.update(outputs.tobytes())
        return outputs

    found = "  ".join(f"{name} {value:.4f}" for name, value in test.measures(watched, card).items())
    return f"{role:11s}{precision:5s}{test.samples:6d} images  {found}  outputs {digest.hexdigest()[:12]}"


if __name__ == "__main__":
    main()

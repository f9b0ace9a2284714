"""The verb `fit`: a dataset to a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from trainer.data.dataset import shard_path
from trainer.data.mixture import read_mixture
from trainer.fit.distributed import process_group
from trainer.fit.schedule import Schedule
from trainer.fit.train import FitConfig, TrainingSet, fit


@dataclass(frozen=True, slots=True, kw_only=True)
class FitPlan:
    """What is trained on what."""

    config: FitConfig
    schedule: Schedule
    training_set: TrainingSet
    out: Path
    """The checkpoint; training goes on from it where it exists."""
    start: Path | None = None
    """Checkpoint whose weights a fresh run begins with."""
    check: Path | None = None
    """Held-out dataset whose accuracy goes into the log."""
    device: str = "cpu"
    """As torch names it."""


def training_set(dataset: Path | None, mixture: Path | None, shards: int | None) -> TrainingSet:
    """The shards to train on: the first so many of one dataset, or those of a mixture.

    Raises:
        ValueError: both or neither are given, a dataset without a number of shards, or a mixture that has fewer.
        OSError: the mixture cannot be read.
    """
    if (dataset is None) == (mixture is None):
        raise ValueError("give either a dataset (--dataset) or a mixture of datasets (--mixture)")
    if dataset is not None:
        if shards is None:
            raise ValueError("a dataset may still be growing: say with --shards how many there will be")
        return TrainingSet(shards=[shard_path(dataset, number) for number in range(shards)], identity=dataset.name)
    assert mixture is not None
    read = read_mixture(mixture)
    if shards is not None and shards > len(read):
        raise ValueError(f"{mixture} has {len(read)} shards, --shards asks for {shards}")
    return TrainingSet(shards=read.paths()[:shards], identity=read.identity)


def run_fit(plan: FitPlan) -> None:
    """Train in this process, or in this process's share of a `torchrun`.

    Raises:
        ValueError: as `trainer.fit.train.fit` does.
        OSError: the dataset cannot be read or the checkpoint cannot be written.
    """
    with process_group(torch.device(plan.device)) as process:
        fit(plan.config, plan.schedule, plan.training_set, plan.out, process, start=plan.start, check=plan.check)

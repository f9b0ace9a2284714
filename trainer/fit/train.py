"""One loop, top to bottom, for both networks: batch, loss, step, average, checkpoint."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from protocol.input_geometry import ROLES, InputGeometry
from protocol.model_folder import DETECTOR_CLASSES
from trainer.data.dataset import read_patches, shards_of
from trainer.data.description import ShardDescription, describe
from trainer.data.loader import ShardWindow, batch, map_loader, patch_loader
from trainer.evaluation.predictions import logits_of
from trainer.fit.checkpoint import TrainingData, load, plain_data, save, training_data
from trainer.fit.distributed import Process, wrap
from trainer.fit.loss import training_loss
from trainer.fit.model import network
from trainer.fit.schedule import Schedule

CHECKPOINT_EVERY = 100
CHECK_SHARDS = 2
CHECK_PATCHES = 1500
"""Held-out data behind the accuracy in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitConfig:
    """How a network is trained."""

    role: str
    """``detector`` or ``classifier``."""
    classes: tuple[str, ...]
    """Classifier: names of the labels 0, 1, …. Detector: its three maps."""
    batch: int
    """Samples per step, of all processes together."""
    learning_rate: float
    """The largest; `Schedule` says how it rises and falls."""
    shards: int
    """Of the training set."""
    window: int
    """Shards in memory at most."""
    start_shards: int
    """Shards needed to begin."""
    steps_per_shard: int
    """After so many steps one more shard is taken in (`trainer.data.loader.ShardWindow`)."""
    weight_decay: float = 0.05
    """Of AdamW."""
    averaging: float = 0.995
    """Decay of the running average of the weights, which is what gets exported."""
    label_smoothing: float = 0.0
    """Smoothing spoils the order of the doubtful, which is what `unknown` rests on."""
    warm_up: int = 300
    """Steps in which the learning rate rises."""
    seed: int = 1
    """Of the weights, the samples drawn and their augmentation."""

    def __post_init__(self) -> None:
        """Check role and classes.

        Raises:
            ValueError: it is no role, or a detector is asked for other classes than its three.
        """
        if self.role not in ROLES:
            raise ValueError(f"a role is {' or '.join(ROLES)}, got {self.role!r}")
        if self.role == "detector" and self.classes != DETECTOR_CLASSES:
            raise ValueError(f"a detector's classes are {DETECTOR_CLASSES}, got {self.classes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """What a network is trained on."""

    shards: Sequence[Path]
    """In the order in which they are taken in, finished or still to come."""
    identity: str
    """Of the mixture, or the dataset's name: checkpoint and card say it."""


def fit(
    config: FitConfig,
    schedule: Schedule,
    training_set: TrainingSet,
    out: Path,
    process: Process,
    *,
    start: Path | None = None,
    check: Path | None = None,
    check_every: int = 1000,
) -> None:
    """Train, or go on where `out` stopped; writes `out` and a log of losses beside it.

    The geometry of the inputs is the training set's. A fresh run begins with the averaged weights of `start`, if
    given. A classifier's accuracy on the dataset `check` goes into the log now and then. Of several processes each
    takes its share of every batch, and the first one writes.

    Raises:
        ValueError: a shard, `check`, `start` or `out` has another geometry or other classes than the training set, or
            `out` was begun with another configuration.
        OSError: something cannot be read or written.
    """
    window = ShardWindow(
        shards=config.shards, width=config.window, start=config.start_shards, steps_per_shard=config.steps_per_shard
    )
    # 1) What the inputs are, is said by the data; everything else must agree with it.
    loader = (map_loader if config.role == "detector" else patch_loader)(training_set.shards, window)
    geometry = _geometry(config, loader.description())
    if check is not None and _geometry(config, _described(config, check)) != geometry:
        raise ValueError(f"{check} was cut with another geometry than the training set: {geometry}")
    # 2) A fresh run, or one that is taken up.
    run = _begun(config, geometry, training_set.identity, out, start, process.device)
    model, size = wrap(run.model, process).train(), process.share(config.batch)
    # 3) Batch, loss, step, average, and now and then a checkpoint.
    with (
        tqdm(total=schedule.steps, initial=run.step, unit="step", smoothing=0.05, disable=not process.first) as bar,
        out.with_suffix(".jsonl").open("a", encoding="utf-8") as log,
    ):
        for step in range(run.step, schedule.steps):
            # All chance follows from the step: a run that was taken up again is the run that was never stopped.
            torch.manual_seed(1_000_003 * config.seed + step)
            rng = np.random.default_rng([config.seed, step, process.rank])
            inputs, targets = (torch.from_numpy(a).to(process.device) for a in batch(loader.shards(step), size, rng))
            _geometry(config, loader.description())  # a shard may be the first to name its classes
            with torch.autocast(process.device.type, torch.bfloat16):
                outputs = model(inputs.to(memory_format=torch.channels_last)).float()
            loss = training_loss(outputs, targets, config.label_smoothing)
            run.learn(loss, config.learning_rate * schedule.rate(step, config.warm_up), config.averaging)
            bar.update()
            if not process.first:
                continue
            line = {"step": step, "loss": round(float(loss.detach()), 5)}
            if check is not None and run.step % check_every == 0:
                line["accuracy"] = _accuracy(config, geometry, run.average, check)
            log.write(json.dumps(line) + "\n")
            if run.step % CHECKPOINT_EVERY == 0 or run.step == schedule.steps:
                log.flush()
                run.save(out, config, loader.recipes)


def _described(config: FitConfig, dataset: Path) -> ShardDescription:
    """What the held-out shards say that are looked at during training. Labels matter to a classifier alone."""
    return describe(shards_of(dataset)[:CHECK_SHARDS], labels=config.role == "classifier")


def _geometry(config: FitConfig, description: ShardDescription) -> InputGeometry:
    """Of the inputs of a role, from data whose classes are those that were asked for.

    Raises:
        ValueError: the data name other classes.
    """
    if config.role == "classifier" and description.classes and description.classes != config.classes:
        raise ValueError(
            f"the network was asked for the classes {', '.join(config.classes)}, the dataset numbers "
            f"{', '.join(description.classes)}"
        )
    return description.geometry.of(config.role)


@dataclass(slots=True, kw_only=True)
class _Run:
    """What changes from step to step."""

    model: nn.Module
    average: dict[str, Tensor]
    optimiser: torch.optim.Optimizer
    step: int
    data: TrainingData

    def learn(self, loss: Tensor, rate: float, averaging: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        _average(self.average, self.model.state_dict(), min(averaging, (1 + self.step) / (10 + self.step)))
        self.step += 1

    def save(self, out: Path, config: FitConfig, recipes: Iterable[str]) -> None:
        data = replace(self.data, recipes=tuple(sorted({*self.data.recipes, *recipes})))
        state = {"model": self.model.state_dict(), "average": self.average, "optimiser": self.optimiser.state_dict()}
        save(out, {**state, "config": _plain(config), "data": plain_data(data), "step": self.step})


def _begun(
    config: FitConfig, geometry: InputGeometry, identity: str, out: Path, start: Path | None, device: torch.device
) -> _Run:
    """A fresh run, or the one whose checkpoint is at `out`.

    Raises:
        ValueError: `start` or `out` has another geometry or other classes, or `out` another configuration.
        OSError: one of them cannot be read.
    """
    torch.manual_seed(config.seed)
    model = network(config.role, len(config.classes), geometry).to(device)
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    data = TrainingData(geometry=geometry, mixtures=(identity,))
    if start is not None:
        state = load(start)
        before = _same(start, state, config, geometry)
        data = replace(data, recipes=before.recipes, mixtures=(*before.mixtures, identity))
        model.load_state_dict(state["average"])
    average = {key: value.detach().clone() for key, value in model.state_dict().items()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    run = _Run(model=model, average=average, optimiser=optimiser, step=0, data=data)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists():
        state = load(out)
        if state["config"] != _plain(config):
            raise ValueError(f"{out} was begun with another configuration: {state['config']}")
        before = _same(out, state, config, geometry)
        run.data = (
            before if before.mixtures[-1:] == (identity,) else replace(before, mixtures=(*before.mixtures, identity))
        )
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        run.average = {key: value.to(device) for key, value in state["average"].items()}
        run.step = int(state["step"])
    return run


def _same(path: Path, state: dict[str, Any], config: FitConfig, geometry: InputGeometry) -> TrainingData:
    """What a checkpoint was trained on.

    Raises:
        ValueError: it is of another geometry or of other classes.
    """
    classes = tuple(state["config"]["classes"])
    if classes != config.classes:
        raise ValueError(f"{path} names the classes {', '.join(classes)}, asked for are {', '.join(config.classes)}")
    data = training_data(path, state)
    if data.geometry != geometry:
        raise ValueError(f"{path} was trained on {data.geometry}, the training set is of {geometry}")
    return data


def _accuracy(config: FitConfig, geometry: InputGeometry, weights: dict[str, Tensor], dataset: Path) -> float:
    """Of the averaged weights on the first `CHECK_PATCHES` of a dataset."""
    model = network(config.role, len(config.classes), geometry)
    model.load_state_dict(weights)
    patches = read_patches(shards_of(dataset)[:CHECK_SHARDS])
    named = np.flatnonzero(patches.metadata["label"] >= 0)
    chosen = named[:: max(1, len(named) // CHECK_PATCHES)]
    logits = logits_of(model.eval(), patches.patches[chosen])
    return round(float((logits.argmax(1) == patches.metadata["label"][chosen]).mean()), 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a checkpoint holds."""

    network: nn.Module
    """With the averaged weights, in evaluation mode."""
    config: FitConfig
    data: TrainingData
    steps: int


def trained(path: Path) -> Trained:
    """A checkpoint's network, and everything that export and report must know of it.

    Raises:
        ValueError: the file is no checkpoint of ours, or its geometry cannot be understood.
        OSError: it cannot be read.
    """
    state = load(path)
    try:
        config = FitConfig(**{**state["config"], "classes": tuple(state["config"]["classes"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: its configuration cannot be understood: {error}") from error
    data = training_data(path, state)
    model = network(config.role, len(config.classes), data.geometry)
    model.load_state_dict(state["average"])
    return Trained(network=model.eval(), config=config, data=data, steps=int(state["step"]))


def _plain(config: FitConfig) -> dict[str, object]:
    return {**asdict(config), "classes": list(config.classes)}


def _average(average: dict[str, Tensor], fresh: dict[str, Tensor], decay: float) -> None:
    for key, value in fresh.items():
        if value.dtype.is_floating_point:
            average[key].mul_(decay).add_(value.detach(), alpha=1 - decay)
        else:
            average[key].copy_(value)

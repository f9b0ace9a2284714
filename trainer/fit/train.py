"""One loop, top to bottom, for both networks: batch, loss, step, average, checkpoint."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from trainer.data.dataset import read_patches, shards_of
from trainer.data.loader import Window, batch, map_feed, patch_feed
from trainer.evaluation.predictions import logits_of
from trainer.fit.checkpoint import load, save
from trainer.fit.distributed import Place, spread
from trainer.fit.model import Classifier, Detector

CHECKPOINT_EVERY = 100
CHECK_PATCHES = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class FitConfig:
    """How a network is trained."""

    role: str
    """``detector`` or ``classifier``."""
    classes: tuple[str, ...]
    batch: int
    learning_rate: float
    shards: int
    window: int
    start_shards: int
    steps_a_shard: int
    """The four of `trainer.data.loader.Window`."""
    weight_decay: float = 0.05
    averaging: float = 0.995
    """Decay of the running average of the weights, which is what gets exported."""
    label_smoothing: float = 0.0
    """Smoothing spoils the order of the doubtful, which is what `unknown` rests on."""
    warm_up: int = 300
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long a run goes; it may be changed when a run is taken up again."""

    steps: int
    decay: int
    """The last so many of them lead the learning rate down to zero along a straight line."""

    def rate(self, step: int, warm_up: int) -> float:
        """Share of the learning rate at a step."""
        return min((step + 1) / max(1, warm_up), (self.steps - step) / max(1, self.decay), 1.0)


def network(role: str, classes: int) -> nn.Module:
    """A fresh network of a role."""
    if role not in ("detector", "classifier"):
        raise ValueError(f"a role is detector or classifier, got {role!r}")
    return Detector() if role == "detector" else Classifier(classes)


def fit(
    config: FitConfig,
    length: Length,
    bank: Path,
    out: Path,
    where: Place,
    *,
    start: Path | None = None,
    check: Path | None = None,
    check_every: int = 1000,
) -> None:
    """Train, or go on where `out` stopped; writes `out` and a log of losses beside it.

    A fresh run begins with the averaged weights of `start`, if given. A classifier's accuracy on the bank `check` goes
    into the log now and then. Of several processes each takes its share of every batch, and the first one writes.

    Raises:
        ValueError: the bank is empty, or `out` was begun with another configuration.
    """
    run = _begun(config, out, start, where.device)
    window = Window(
        shards=config.shards, width=config.window, start=config.start_shards, steps_a_shard=config.steps_a_shard
    )
    feed = map_feed(bank, window) if config.role == "detector" else patch_feed(bank, window)
    model, size = spread(run.model, where).train(), where.share(config.batch)
    with (
        tqdm(total=length.steps, initial=run.step, unit="step", smoothing=0.05, disable=not where.first) as bar,
        out.with_suffix(".jsonl").open("a", encoding="utf-8") as log,
    ):
        for step in range(run.step, length.steps):
            # All chance follows from the step: a run that was taken up again is the run that was never stopped.
            torch.manual_seed(1_000_003 * config.seed + step)
            rng = np.random.default_rng([config.seed, step, where.rank])
            inputs, wanted = (torch.from_numpy(a).to(where.device) for a in batch(feed.shards(step), size, rng))
            with torch.autocast(where.device.type, torch.bfloat16):
                outputs = model(inputs.to(memory_format=torch.channels_last)).float()
            loss = _loss(outputs, wanted, config.label_smoothing)
            run.learn(loss, config.learning_rate * length.rate(step, config.warm_up), config.averaging)
            bar.update()
            if not where.first:
                continue
            line = {"step": step, "loss": round(float(loss.detach()), 5)}
            if check is not None and run.step % check_every == 0:
                line["accuracy"] = _accuracy(config, run.average, check)
            log.write(json.dumps(line) + "\n")
            if run.step % CHECKPOINT_EVERY == 0 or run.step == length.steps:
                log.flush()
                run.save(out, config)


@dataclass(slots=True, kw_only=True)
class _Run:
    """What changes from step to step."""

    model: nn.Module
    average: dict[str, Tensor]
    optimiser: torch.optim.Optimizer
    step: int

    def learn(self, loss: Tensor, rate: float, averaging: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        _average(self.average, self.model.state_dict(), min(averaging, (1 + self.step) / (10 + self.step)))
        self.step += 1

    def save(self, out: Path, config: FitConfig) -> None:
        state = {"model": self.model.state_dict(), "average": self.average, "optimiser": self.optimiser.state_dict()}
        save(out, {**state, "config": _plain(config), "step": self.step})


def _begun(config: FitConfig, out: Path, start: Path | None, device: torch.device) -> _Run:
    """A fresh run, or the one whose checkpoint is at `out`."""
    torch.manual_seed(config.seed)
    model = network(config.role, len(config.classes)).to(device)
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        model.load_state_dict(load(start)["average"])
    average = {key: value.detach().clone() for key, value in model.state_dict().items()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    run = _Run(model=model, average=average, optimiser=optimiser, step=0)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists():
        state = load(out)
        if state["config"] != _plain(config):
            raise ValueError(f"{out} was begun with another configuration: {state['config']}")
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        run.average = {key: value.to(device) for key, value in state["average"].items()}
        run.step = int(state["step"])
    return run


def _accuracy(config: FitConfig, weights: dict[str, Tensor], bank: Path) -> float:
    """Of the averaged weights on the first `CHECK_PATCHES` of a bank."""
    model = network(config.role, len(config.classes))
    model.load_state_dict(weights)
    patches = read_patches(shards_of(bank)[:2])
    named = np.flatnonzero(patches.rows["label"] >= 0)
    chosen = named[:: max(1, len(named) // CHECK_PATCHES)]
    logits = logits_of(model.eval(), patches.patches[chosen])
    return round(float((logits.argmax(1) == patches.rows["label"][chosen]).mean()), 4)


def trained(path: Path) -> tuple[nn.Module, FitConfig, int]:
    """(network with the averaged weights in evaluation mode, its configuration, its steps)."""
    state = load(path)
    config = FitConfig(**{**state["config"], "classes": tuple(state["config"]["classes"])})
    model = network(config.role, len(config.classes))
    model.load_state_dict(state["average"])
    return model.eval(), config, int(state["step"])


def _plain(config: FitConfig) -> dict[str, object]:
    return {**asdict(config), "classes": list(config.classes)}


def _loss(outputs: Tensor, wanted: Tensor, label_smoothing: float) -> Tensor:
    """Cross-entropy of the classes; or binary cross-entropy of the maps where valid, borders weighing four times.

    What has no class is compared with equal chances (outlier exposure: Hendrycks et al., ICLR 2019).
    """
    if outputs.ndim == 2:
        classes = outputs.shape[1]
        one_hot = functional.one_hot(wanted.clamp_min(0), classes).float()
        chances = torch.where(wanted[:, None] < 0, 1 / classes, one_hot)
        return functional.cross_entropy(outputs, chances, label_smoothing=label_smoothing)
    every = functional.binary_cross_entropy_with_logits(outputs, wanted[:, :3], reduction="none")
    weight = (
        wanted[:, 3:] * torch.tensor([1.0, 1.0, 2.0], device=outputs.device)[:, None, None] * (1 + 3 * wanted[:, 2:3])
    )
    return (every * weight).sum() / weight.sum()


def _average(average: dict[str, Tensor], fresh: dict[str, Tensor], decay: float) -> None:
    for key, value in fresh.items():
        if value.dtype.is_floating_point:
            average[key].mul_(decay).add_(value.detach(), alpha=1 - decay)
        else:
            average[key].copy_(value)

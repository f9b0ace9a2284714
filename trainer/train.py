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

from trainer.augment import turn
from trainer.bank import Maps, Patches, read_maps, read_patches, shards_of
from trainer.checkpoint import load, save
from trainer.model import Classifier, Detector

CHECKPOINT_EVERY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FitConfig:
    """How a network is trained."""

    role: str
    """``detector`` or ``classifier``."""
    classes: tuple[str, ...]
    steps: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.05
    averaging: float = 0.995
    """Decay of the running average of the weights, which is what gets exported."""
    label_smoothing: float = 0.05
    seed: int = 1


def network(role: str, classes: int) -> nn.Module:
    """A fresh network of a role."""
    if role not in ("detector", "classifier"):
        raise ValueError(f"a role is detector or classifier, got {role!r}")
    return Detector() if role == "detector" else Classifier(classes)


def fit(config: FitConfig, bank: Path, out: Path, device: torch.device, start: Path | None = None) -> None:
    """Train, or go on where `out` stopped; writes `out` and a log of losses beside it.

    A fresh run begins with the averaged weights of `start`, if given.

    Raises:
        ValueError: the bank is empty, or `out` was made with another configuration.
    """
    torch.manual_seed(config.seed)
    model = network(config.role, len(config.classes)).to(device)
    if start is not None:
        model.load_state_dict(load(start)["average"])
    average = {key: value.detach().clone() for key, value in model.state_dict().items()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    first = 0
    if out.exists():
        state = load(out)
        if state["config"] != _plain(config):
            raise ValueError(f"{out} was begun with another configuration: {state['config']}")
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average, first = state["average"], int(state["step"])
    data = _data(config.role, shards_of(bank))
    model.train()
    with (
        tqdm(total=config.steps, initial=first, unit="step", smoothing=0.05) as bar,
        out.with_suffix(".jsonl").open("a", encoding="utf-8") as log,
    ):
        for step in range(first, config.steps):
            rng = np.random.default_rng([config.seed, step])
            for group in optimiser.param_groups:
                group["lr"] = config.learning_rate * _schedule(step, config.steps)
            inputs, wanted = _batch(data, config.batch, rng)
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                loss = _loss(model(inputs.to(device)).float(), wanted.to(device), config.label_smoothing)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            _average(average, model.state_dict(), min(config.averaging, (1 + step) / (10 + step)))
            bar.update()
            log.write(json.dumps({"step": step, "loss": round(float(loss), 5)}) + "\n")
            if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == config.steps:
                save(
                    out,
                    {
                        "config": _plain(config),
                        "model": model.state_dict(),
                        "average": average,
                        "optimiser": optimiser.state_dict(),
                        "step": step + 1,
                    },
                )
                log.flush()


def trained(path: Path) -> tuple[nn.Module, FitConfig, int]:
    """(network with the averaged weights in evaluation mode, its configuration, its steps)."""
    state = load(path)
    config = FitConfig(**{**state["config"], "classes": tuple(state["config"]["classes"])})
    model = network(config.role, len(config.classes))
    model.load_state_dict(state["average"])
    return model.eval(), config, int(state["step"])


def _plain(config: FitConfig) -> dict[str, object]:
    return {**asdict(config), "classes": list(config.classes)}


def _schedule(step: int, steps: int) -> float:
    """Linear warm-up over 5 %, then a cosine to zero."""
    warm = max(1, steps // 20)
    return (step + 1) / warm if step < warm else 0.5 * (1 + float(np.cos(np.pi * (step - warm) / max(1, steps - warm))))


def _data(role: str, shards: list[Path]) -> Patches | Maps:
    return read_maps(shards) if role == "detector" else read_patches(shards)


def _batch(data: Patches | Maps, size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Random samples, each in one of its eight turns and flips."""
    if isinstance(data, Patches):
        chosen = rng.integers(len(data.patches), size=size)
        patches = np.stack([turn(data.patches[n], int(rng.integers(8))) for n in chosen]).astype(np.float32)
        return torch.from_numpy(patches)[:, None], torch.from_numpy(data.rows["label"][chosen].astype(np.int64))
    chosen = rng.integers(len(data.channels), size=size)
    turns = rng.integers(8, size=size)
    inputs = np.stack([turn(data.channels[n], int(k)) for n, k in zip(chosen, turns, strict=True)]).astype(np.float32)
    valid = np.zeros((size, 1, *data.targets.shape[2:]), dtype=np.uint8)
    for n, (height, width) in enumerate(data.valid[chosen]):
        valid[n, :, :height, :width] = 255
    wanted = np.concatenate([data.targets[chosen], valid], 1)
    wanted = np.stack([turn(w, int(k)) for w, k in zip(wanted, turns, strict=True)])
    return torch.from_numpy(inputs), torch.from_numpy(wanted.astype(np.float32) / 255)


def _loss(outputs: Tensor, wanted: Tensor, label_smoothing: float) -> Tensor:
    """Cross-entropy of the classes; or binary cross-entropy of the maps where valid, borders weighing four times."""
    if outputs.ndim == 2:
        return functional.cross_entropy(outputs, wanted, label_smoothing=label_smoothing)
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

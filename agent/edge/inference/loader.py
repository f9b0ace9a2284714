"""Open the networks of one folder on one backend, and believe none that has not shown that it computes rightly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from agent.edge.errors import EdgeError
from agent.edge.inference.cuda_probe import Driver
from agent.edge.inference.faster import WORTH, Ratio, timed_ratio
from agent.edge.inference.hardware import Hardware
from agent.edge.inference.model_folder import ModelFile, candidates
from agent.edge.inference.onnx import load_network
from agent.edge.inference.self_check import Network, check, read_golden
from agent.edge.inference.tensorrt.network import open_tensorrt
from protocol.input_geometry import Role

PROVIDERS = {"onnxruntime-cuda": "CUDAExecutionProvider", "onnxruntime-cpu": "CPUExecutionProvider"}


class Opener(Protocol):
    """Opens one network on one backend."""

    def __call__(self, file: ModelFile, driver: Driver, *, threads: int) -> Network:
        """The network as a call: inputs (n, c, h, w) to outputs (n, ...).

        Raises:
            EdgeError: it cannot run.
        """
        ...


def _on_onnxruntime(file: ModelFile, driver: Driver, *, threads: int, provider: str) -> Network:
    return load_network(file, provider, threads=threads)


def _on_tensorrt(file: ModelFile, driver: Driver, *, threads: int, module: str) -> Network:
    return open_tensorrt(file, module, driver)


OPENERS: Mapping[str, Opener] = {
    **{name: partial(_on_onnxruntime, provider=provider) for name, provider in PROVIDERS.items()},
    **{name: partial(_on_tensorrt, module=name.replace("-", "_")) for name in ("tensorrt", "tensorrt-rtx")},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One network that computes, and what has to be said of it."""

    file: ModelFile
    """What was opened."""
    network: Network
    """It, as a call."""
    warnings: tuple[str, ...]
    """What a user must see: files that were refused before it, or that it could not be checked."""
    compressed_not_used: str = ""
    """Why a compressed file that is there does not serve; empty when none is there, or when it does."""
    off: Mapping[str, float] = field(default_factory=dict)
    """By file name: the largest difference from the golden outputs, of each file of the role that passed its check."""
    time_of_full: float | None = None
    """Time of the compressed file over that of the full one; None where the two were not compared."""


@dataclass(frozen=True, slots=True)
class Loader:
    """Opens the networks of one folder on one backend."""

    folder: Path
    """Where the networks and their cards lie."""
    backend: str
    """One of the keys of `OPENERS`."""
    precision: str
    """What was asked for: one of `model_folder.CHOICES`."""
    threads: int
    """Of each network on a CPU; 0: as ONNX Runtime likes."""
    hardware: Hardware
    """What the machine offers."""
    opener: Opener
    """Of the backend."""
    ratio: Ratio | None
    """Compares two networks; None: they are timed (`faster.timed_ratio`)."""

    def open(self, role: Role) -> Opened:
        """The first file of the role that computes rightly here; of two that do, on a CPU, the faster one.

        Raises:
            EdgeError: none does.
        """
        on_cpu = self.backend == "onnxruntime-cpu"
        found = candidates(self.folder, role, self.precision, compressed="int8" if on_cpu else "fp16")
        goldens = [read_golden(file) for file in found.files]  # a damaged folder is no reason to go on
        # The preferred file comes first. One that does not run or computes wrongly is passed over aloud, except where
        # it is the last and nothing before it was good.
        refused: list[str] = []
        good: list[Opened] = []
        for file, golden in zip(found.files, goldens, strict=True):
            try:
                network = self.opener(file, self.hardware.driver, threads=self.threads)
                off = {} if golden is None else {file.path.name: check(network, golden, file.card, file.path.name)}
            except EdgeError as error:
                if file is found.files[-1] and not good:
                    raise
                refused.append(str(error))
                continue
            unchecked = [] if golden else [f"{file.path.name} is not checked: its card has no golden outputs"]
            good.append(
                Opened(
                    file=file,
                    network=network,
                    warnings=tuple(unchecked),
                    compressed_not_used=found.passed_over or "; ".join(refused),
                    off=off,
                )
            )
            if not on_cpu:  # on a GPU half precision is taken untimed (no GPU was at hand); on a CPU timing decides
                break
        chosen = good[0] if len(good) == 1 else self._faster(*good)
        # Everything that was looked at and is not as its card says is told, whichever file serves.
        told = (*refused, *(text for one in good for text in one.warnings))
        return replace(chosen, warnings=told)

    def _faster(self, small: Opened, full: Opened) -> Opened:
        measured = self.ratio or partial(timed_ratio, processor=self.hardware.processor)
        took = measured(small.network, full.network, (small.file.card, full.file.card), self.threads)
        chosen = small
        if not took <= WORTH:
            name, precision = small.file.path.name, full.file.card.precision
            reason = f"{name}: takes {took:.2f} of the time of {precision} on this processor"
            chosen = replace(full, compressed_not_used=reason)
        return replace(chosen, off={**small.off, **full.off}, time_of_full=took)

"""Open the networks of one folder on one backend, and believe none that has not shown that it computes rightly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from agent.edge.errors import EdgeError
from agent.edge.inference.cuda_probe import Driver
from agent.edge.inference.faster import WORTH, Ratio, timed_ratio
from agent.edge.inference.hardware import Machine
from agent.edge.inference.model_folder import ModelFile, candidates
from agent.edge.inference.onnx import load_network
from agent.edge.inference.self_check import Network, check, read_golden
from agent.edge.inference.tensorrt.network import open_tensorrt
from protocol.golden import Golden

log = structlog.get_logger()

PROVIDERS = {"onnxruntime-cuda": "CUDAExecutionProvider", "onnxruntime-cpu": "CPUExecutionProvider"}


class Opener(Protocol):
    """Opens one network on one backend."""

    def __call__(self, file: ModelFile, driver: Driver, *, threads: int) -> Network:
        """Raises EdgeError when it cannot run."""
        ...


def _on_onnxruntime(file: ModelFile, driver: Driver, *, threads: int, provider: str) -> Network:
    return load_network(file.path, file.card, provider, threads=threads)


def _on_tensorrt(file: ModelFile, driver: Driver, *, threads: int, module: str) -> Network:
    return open_tensorrt(file.path, file.card, module, driver)


OPENERS: Mapping[str, Opener] = {
    **{name: partial(_on_onnxruntime, provider=provider) for name, provider in PROVIDERS.items()},
    **{name: partial(_on_tensorrt, module=name.replace("-", "_")) for name in ("tensorrt", "tensorrt-rtx")},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One network that computes, and what has to be said of it."""

    file: ModelFile
    network: Network
    warnings: tuple[str, ...]
    lighter_not_used: str = ""


@dataclass(frozen=True, slots=True)
class Loader:
    """Opens the networks of one folder on one backend."""

    folder: Path
    backend: str
    precision: str
    threads: int
    machine: Machine
    opener: Opener
    ratio: Ratio | None

    def open(self, role: str) -> Opened:
        """The first file of the role that computes rightly here; of two that do, on a CPU, the faster one.

        Raises:
            EdgeError: none does.
        """
        on_cpu = self.backend == "onnxruntime-cpu"
        found = candidates(self.folder, role, self.precision, lighter="int8" if on_cpu else "fp16")
        goldens = [read_golden(file.path, file.card) for file in found.files]  # a damaged folder is no reason to go on
        refused: list[str] = []
        good: list[Opened] = []
        for file, golden in zip(found.files, goldens, strict=True):
            try:
                network = self._checked(file, golden)
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
                    warnings=(*refused, *unchecked),
                    lighter_not_used=found.passed_over or "; ".join(refused),
                )
            )
            if not on_cpu:
                break
        return good[0] if len(good) == 1 else self._faster(*good)

    def _checked(self, file: ModelFile, golden: Golden | None) -> Network:
        network = self.opener(file, self.machine.driver, threads=self.threads)
        if golden is not None:
            off = check(network, golden, file.card, file.path.name)
            log.info("self-check passed", file=file.path.name, off=off, allowed=file.card.golden_tolerance)
        return network

    def _faster(self, light: Opened, full: Opened) -> Opened:
        measured = self.ratio or partial(timed_ratio, processor=self.machine.processor)
        took = measured(light.network, full.network, (light.file.card, full.file.card), self.threads)
        if took <= WORTH:
            return light
        name, precision = light.file.path.name, full.file.precision
        return replace(full, lighter_not_used=f"{name}: takes {took:.2f} of the time of {precision} on this processor")

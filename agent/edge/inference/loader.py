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
from agent.edge.inference.hardware import Hardware
from agent.edge.inference.model_folder import ModelFile, candidates
from agent.edge.inference.onnx import load_network
from agent.edge.inference.self_check import Network, check, read_golden
from agent.edge.inference.tensorrt.network import open_tensorrt
from protocol.golden import Golden
from protocol.input_geometry import Role

log = structlog.get_logger()

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


@dataclass(frozen=True, slots=True)
class Loader:
    """Opens the networks of one folder on one backend."""

    folder: Path
    backend: str
    precision: str
    threads: int
    hardware: Hardware
    opener: Opener
    ratio: Ratio | None

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
                    compressed_not_used=found.passed_over or "; ".join(refused),
                )
            )
            if not on_cpu:  # half precision is faster on every GPU; 8 bits on a CPU only where timing says so
                break
        return good[0] if len(good) == 1 else self._faster(*good)

    def _checked(self, file: ModelFile, golden: Golden | None) -> Network:
        network = self.opener(file, self.hardware.driver, threads=self.threads)
        if golden is not None:
            off = check(network, golden, file.card, file.path.name)
            log.info("self-check passed", file=file.path.name, off=off, allowed=file.card.golden_tolerance)
        return network

    def _faster(self, small: Opened, full: Opened) -> Opened:
        measured = self.ratio or partial(timed_ratio, processor=self.hardware.processor)
        took = measured(small.network, full.network, (small.file.card, full.file.card), self.threads)
        if took <= WORTH:
            return small
        name, precision = small.file.path.name, full.file.card.precision
        return replace(
            full, compressed_not_used=f"{name}: takes {took:.2f} of the time of {precision} on this processor"
        )

"""A folder of models to an engine, on the best backend that really runs here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from agent.core.engine import Engine
from agent.edge.driver import Driver
from agent.edge.errors import EdgeError
from agent.edge.machine import Machine, look
from agent.edge.model_files import ROLES, ModelFile, choose_file
from agent.edge.onnx import Network, load_network
from agent.edge.tensorrt import open_tensorrt

log = structlog.get_logger()

ORDER = ("tensorrt", "tensorrt-rtx", "onnxruntime-cuda", "onnxruntime-cpu")
"""The order of ``auto``."""
BACKENDS = ("auto", *ORDER)
PROVIDERS = {"onnxruntime-cuda": "CUDAExecutionProvider", "onnxruntime-cpu": "CPUExecutionProvider"}
EXTRAS = {"onnxruntime-cuda": "cuda", "onnxruntime-cpu": "cpu"}
"""Extra of each backend where it is not the backend's own name."""


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


def obstacle(backend: str, machine: Machine) -> str:
    """Why a backend cannot run on a machine; empty when nothing is known to stand in its way."""
    if backend != "onnxruntime-cpu" and not machine.driver.gpus:
        return machine.driver.reason
    needed = {
        "tensorrt": ("tensorrt", "cuda.bindings"),
        "tensorrt-rtx": ("tensorrt_rtx", "cuda.bindings"),
    }.get(backend, ("onnxruntime",))
    missing = [name for name in needed if name not in machine.modules]
    if missing:
        return f"{', '.join(missing)} not installed"
    if (provider := PROVIDERS.get(backend)) and provider not in machine.providers:
        return f"this onnxruntime has no {provider}"
    return ""


def remedy(backend: str, machine: Machine) -> str:
    """What to install, where that would help."""
    if backend != "onnxruntime-cpu" and not machine.driver.gpus:
        return ""
    return f"pip install 'beamside[{EXTRAS.get(backend, backend)}]'"


def load_engine(
    folder: Path,
    *,
    prefer: str = "auto",
    precision: str = "auto",
    threads: int = 0,
    machine: Machine | None = None,
    openers: Mapping[str, Opener] = OPENERS,
) -> Engine:
    """Both networks on one backend: the one of `ORDER` that comes first and runs, or the one that is asked for.

    `precision` is ``fp32``, ``fp16``, ``int8``, or ``auto``: the lighter file where its card allows it. `threads` 0
    lets ONNX Runtime choose. What is in use, and why nothing better is, is logged and stands in the engine's `backend`.

    Raises:
        EdgeError: a file is missing or wrong, or the backend that was asked for cannot run; the text says why.
    """
    if prefer not in BACKENDS:
        raise EdgeError(f"backend must be one of {', '.join(BACKENDS)}, got {prefer!r}")
    machine = machine or look()
    passed_over: dict[str, str] = {}
    for backend in ORDER if prefer == "auto" else (prefer,):
        reason = obstacle(backend, machine)
        last = backend in (prefer, ORDER[-1])
        if reason and last:
            raise EdgeError(f"backend {backend} cannot run here: {reason}; {remedy(backend, machine)}".rstrip("; "))
        if not reason:
            try:
                return _engine(folder, backend, precision, threads, machine, openers[backend], passed_over)
            except EdgeError as error:
                if last:
                    raise
                reason = str(error)
        passed_over[backend] = reason
    raise AssertionError("the last backend either runs or raises")


def _engine(
    folder: Path,
    backend: str,
    precision: str,
    threads: int,
    machine: Machine,
    opener: Opener,
    passed_over: Mapping[str, str],
) -> Engine:
    lighter = "int8" if backend == "onnxruntime-cpu" else "fp16"
    files = {role: choose_file(folder, role, precision, lighter=lighter) for role in ROLES}
    networks = {role: opener(file, machine.driver, threads=threads) for role, file in files.items()}
    shown = _shown(backend, files, passed_over)
    tell = log.warning if machine.driver.gpus and passed_over else log.info
    tell(
        "backend",
        backend=shown,
        not_used={name: f"{reason}; {remedy(name, machine)}".rstrip("; ") for name, reason in passed_over.items()},
        lighter_files_not_used=[file.passed_over for file in files.values() if file.passed_over],
    )
    return Engine(
        detect=_one_frame(networks["detector"]),
        classify=networks["classifier"],
        detector_card=files["detector"].card,
        classifier_card=files["classifier"].card,
        backend=shown,
    )


def _shown(backend: str, files: Mapping[str, ModelFile], passed_over: Mapping[str, str]) -> str:
    """``onnxruntime-cpu int8 (no NVIDIA driver)``; reasons that several backends share are said once."""
    kinds = list(dict.fromkeys(file.precision for file in files.values()))
    reasons = "; ".join(dict.fromkeys(passed_over.values()))
    return f"{backend} {'/'.join(kinds)}" + (f" ({reasons})" if reasons else "")


def _one_frame(network: Network) -> Network:
    def detect(channels: NDArray[np.float32]) -> NDArray[np.float32]:
        maps: NDArray[np.float32] = network(channels[None])[0]
        return maps

    return detect

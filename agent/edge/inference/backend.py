"""A folder of models to its networks, on the best backend that really runs here and computes rightly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from agent.core.networks import Networks
from agent.edge.errors import EdgeError
from agent.edge.inference.faster import Ratio
from agent.edge.inference.hardware import Hardware, inspect_hardware
from agent.edge.inference.loader import OPENERS, PROVIDERS, Loader, Opened, Opener
from agent.edge.inference.model_folder import ModelFile
from agent.edge.inference.self_check import Network, SelfCheckError
from protocol.input_geometry import ROLES, Role

log = structlog.get_logger()

ORDER = ("tensorrt", "tensorrt-rtx", "onnxruntime-cuda", "onnxruntime-cpu")
"""The order of ``auto``."""
BACKENDS = ("auto", *ORDER)
EXTRAS = {"onnxruntime-cuda": "cuda", "onnxruntime-cpu": "cpu"}
"""Extra of each backend where it is not the backend's own name."""


def obstacle(backend: str, hardware: Hardware) -> str:
    """Why a backend cannot run on a machine; empty when nothing is known to stand in its way."""
    if backend != "onnxruntime-cpu" and not hardware.driver.gpus:
        return hardware.driver.reason
    needed = {
        "tensorrt": ("tensorrt", "cuda.bindings"),
        "tensorrt-rtx": ("tensorrt_rtx", "cuda.bindings"),
    }.get(backend, ("onnxruntime",))
    missing = [name for name in needed if name not in hardware.modules]
    if missing:
        return f"{', '.join(missing)} not installed"
    if (provider := PROVIDERS.get(backend)) and provider not in hardware.providers:
        return f"this onnxruntime has no {provider}"
    return ""


def remedy(backend: str, hardware: Hardware) -> str:
    """What to install, where that would help."""
    if backend != "onnxruntime-cpu" and not hardware.driver.gpus:
        return ""
    return f"pip install 'beamside[{EXTRAS.get(backend, backend)}]'"


def load_networks(
    folder: Path,
    *,
    prefer: str = "auto",
    precision: str = "auto",
    threads: int = 0,
    hardware: Hardware | None = None,
    openers: Mapping[str, Opener] = OPENERS,
    ratio: Ratio | None = None,
) -> Networks:
    """Both networks on one backend: the one of `ORDER` that comes first and computes rightly, or the one asked for.

    `precision` is ``fp32``, ``fp16``, ``int8``, or ``auto``: for each network the compressed file where its card allows
    it, its self-check passes and, on a CPU, it is faster here (`ratio`, see `agent.edge.inference.faster`). `threads`
    0 lets ONNX Runtime choose. What is in use, and why nothing better is, is logged and stands in the
    `backend`; what its self-check refused, in its `warnings`.

    Raises:
        EdgeError: a file is missing or wrong, or what was asked for cannot run or computes wrongly; the text says why.
    """
    if prefer not in BACKENDS:
        raise EdgeError(f"backend must be one of {', '.join(BACKENDS)}, got {prefer!r}")
    hardware = hardware or inspect_hardware()
    passed_over: dict[str, str] = {}
    warnings: list[str] = []
    for backend in ORDER if prefer == "auto" else (prefer,):
        # What cannot run here is passed over, and is an error only where nothing is left to try.
        reason = obstacle(backend, hardware)
        last = backend in (prefer, ORDER[-1])
        if reason and last:
            raise EdgeError(f"backend {backend} cannot run here: {reason}; {remedy(backend, hardware)}".rstrip("; "))
        # What seems able to is opened, and has to show that it computes rightly: both networks, or neither.
        if not reason:
            loader = Loader(folder, backend, precision, threads, hardware, openers[backend], ratio)
            try:
                opened = {role: loader.open(role) for role in ROLES}
            except EdgeError as error:
                if last:
                    raise
                reason = str(error)
                warnings += [f"{backend}: {reason}"] if isinstance(error, SelfCheckError) else []
            else:
                return _networks(backend, opened, hardware, passed_over, warnings)
        passed_over[backend] = reason
    raise AssertionError("the last backend either runs or raises")


def _networks(
    backend: str,
    opened: Mapping[Role, Opened],
    hardware: Hardware,
    passed_over: Mapping[str, str],
    warnings: Sequence[str],
) -> Networks:
    # One line says all of it: what computes, what was passed over and why, how far each file is off, what was faster.
    shown = _shown(backend, {role: one.file for role, one in opened.items()}, hardware, passed_over)
    said = (*warnings, *(text for one in opened.values() for text in one.warnings))
    tell = log.warning if said or (hardware.driver.gpus and passed_over) else log.info
    tell(
        "backend",
        backend=shown,
        not_used={name: f"{reason}; {remedy(name, hardware)}".rstrip("; ") for name, reason in passed_over.items()},
        compressed_files_not_used=[one.compressed_not_used for one in opened.values() if one.compressed_not_used],
        self_check={name: float(f"{off:.2g}") for one in opened.values() for name, off in one.off.items()},
        time_of_full={role: round(one.time_of_full, 2) for role, one in opened.items() if one.time_of_full is not None},
        warnings=list(said),
    )
    return Networks(
        detect=_one_frame(opened["detector"].network),
        classify=opened["classifier"].network,
        detector_card=opened["detector"].file.card,
        classifier_card=opened["classifier"].file.card,
        backend=shown,
        warnings=said,
    )


def _shown(backend: str, files: Mapping[Role, ModelFile], hardware: Hardware, passed_over: Mapping[str, str]) -> str:
    """``onnxruntime-cpu int8 on AVX2 (no NVIDIA driver)``; reasons that several backends share are said once."""
    kinds = {file.card.precision for file in files.values()}
    precision = kinds.pop() if len(kinds) == 1 else ", ".join(f"{r} {file.card.precision}" for r, file in files.items())
    on_cpu = backend == "onnxruntime-cpu"
    where = hardware.processor.instruction_set if on_cpu else hardware.driver.gpus[0].name
    reasons = "; ".join(dict.fromkeys(passed_over.values()))
    return f"{backend} {precision} on {where}" + (f" ({reasons})" if reasons else "")


def _one_frame(network: Network) -> Network:
    def detect(channels: NDArray[np.float32]) -> NDArray[np.float32]:
        maps: NDArray[np.float32] = network(channels[None])[0]
        return maps

    return detect

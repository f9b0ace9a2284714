"""What this machine offers for the networks: driver, installed modules, providers. Nothing is opened to find out."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from agent.edge.errors import EdgeError
from agent.edge.inference.cuda_probe import Driver, probe
from agent.edge.inference.processor import Processor, this_processor

MODULES = ("onnxruntime", "tensorrt", "tensorrt_rtx", "cuda.bindings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """Everything that the choice of a backend depends on."""

    driver: Driver
    """NVIDIA's, with its GPUs, or why there are none."""
    modules: frozenset[str]
    """Those of `MODULES` that are installed; whether their libraries load is seen when they are opened."""
    providers: frozenset[str]
    """Of the installed build of ONNX Runtime."""
    processor: Processor
    """Its name and instruction set."""


def inspect_hardware() -> Hardware:
    """The machine that this process runs on.

    Raises:
        EdgeError: ONNX Runtime is there, but damaged.
    """
    modules = frozenset(name for name in MODULES if _installed(name))
    return Hardware(
        driver=probe(),
        modules=modules,
        providers=_providers() if "onnxruntime" in modules else frozenset(),
        processor=this_processor(),
    )


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of the package around it
        return False


def _providers() -> frozenset[str]:
    import onnxruntime  # an extra: the core installs without it

    if not hasattr(onnxruntime, "get_available_providers"):
        # onnxruntime and onnxruntime-gpu own the same folder: taking one away leaves a shell of the other.
        raise EdgeError(
            "onnxruntime is damaged; uninstall onnxruntime and onnxruntime-gpu, then install one extra again"
        )
    return frozenset(onnxruntime.get_available_providers())

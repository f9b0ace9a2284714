"""A folder of models to an engine, on the best backend that really runs here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.core.engine import Engine
from agent.edge.driver import probe
from agent.edge.errors import EdgeError
from agent.edge.onnx import Network, load_network, read_card

PROVIDERS = {"onnxruntime-cuda": "CUDAExecutionProvider", "onnxruntime-cpu": "CPUExecutionProvider"}
BACKENDS = ("auto", *PROVIDERS)


def load_engine(folder: Path, *, prefer: str = "auto", threads: int = 0) -> Engine:
    """Both networks on one backend; ``auto`` takes CUDA when the driver has a GPU and ONNX Runtime can use it.

    `threads` 0 lets ONNX Runtime choose. The backend in use is part of the engine, to be logged and shown.

    Raises:
        EdgeError: a file is missing or wrong, or the backend that was asked for cannot run; the text says why.
    """
    if prefer not in BACKENDS:
        raise EdgeError(f"backend must be one of {', '.join(BACKENDS)}, got {prefer!r}")
    backend = _choice() if prefer == "auto" else prefer
    if backend == "onnxruntime-cuda" and (driver := probe()).gpus == 0:
        raise EdgeError(f"backend {backend} cannot run here: {driver.reason}")
    cards = {role: read_card(folder / f"{role}.json") for role in ("detector", "classifier")}
    for role, card in cards.items():
        if card.role != role:
            raise EdgeError(f"{folder / role}.json is the card of a {card.role}")
    networks = {
        role: load_network(folder / f"{role}.onnx", card, PROVIDERS[backend], threads=threads)
        for role, card in cards.items()
    }
    return Engine(
        detect=_one_frame(networks["detector"]),
        classify=networks["classifier"],
        detector_card=cards["detector"],
        classifier_card=cards["classifier"],
        backend=backend,
    )


def _choice() -> str:
    """CUDA when there is a GPU and the CUDA build of ONNX Runtime, else the CPU."""
    if probe().gpus == 0:
        return "onnxruntime-cpu"
    import onnxruntime  # an extra

    has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    return "onnxruntime-cuda" if has_cuda else "onnxruntime-cpu"


def _one_frame(network: Network) -> Network:
    def detect(channels: NDArray[np.float32]) -> NDArray[np.float32]:
        maps: NDArray[np.float32] = network(channels[None])[0]
        return maps

    return detect

"""An ONNX file and its card to a callable, on ONNX Runtime. A silent fall-back to another provider is an error."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.inference.self_check import Network
from agent.edge.inference.signature import check_promise
from protocol.errors import ProtocolError
from protocol.model_card import ModelCard
from protocol.model_card_json import card_from_json


def read_card(path: Path) -> ModelCard:
    """A card beside its network.

    Raises:
        EdgeError: missing, unreadable, or not for the file it lies beside.
    """
    try:
        card = card_from_json(path.read_text(encoding="utf-8"))
        digest = hashlib.sha256(path.with_suffix(".onnx").read_bytes()).hexdigest()
    except OSError as error:
        raise EdgeError(f"{error.filename}: {error.strerror}; a model is a .onnx file and a .json card") from error
    except (ProtocolError, UnicodeDecodeError) as error:
        raise EdgeError(f"{path}: {error}") from error
    if digest != card.model_sha256:
        raise EdgeError(f"{path}: the card is for {card.model_sha256[:12]}…, the network beside it is {digest[:12]}…")
    return card


def load_network(path: Path, card: ModelCard, provider: str, *, threads: int) -> Network:
    """Open a network whose graph keeps its card's promise.

    Raises:
        EdgeError: onnxruntime is missing, the provider is not the one asked for, or graph and card disagree.
    """
    try:
        import onnxruntime  # an extra: the core installs without it
    except ImportError as error:
        raise EdgeError("ONNX Runtime is not installed; pip install 'beamside[cpu]' or 'beamside[cuda]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that wait by spinning take the cores from the receiving thread and from the other network.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if provider != "CPUExecutionProvider":
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        onnxruntime.preload_dlls()  # CUDA and cuDNN of the extra lie beside onnxruntime, where no loader looks
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:
        raise EdgeError(f"{path}: ONNX Runtime does not open it on {provider}: {str(error).splitlines()[0]}") from error
    if session.get_providers()[0] != provider:
        raise EdgeError(f"{path}: asked ONNX Runtime for {provider}, it gave {session.get_providers()[0]}")
    inputs, outputs = ([(n.name, n.shape) for n in nodes] for nodes in (session.get_inputs(), session.get_outputs()))
    check_promise(path, card, inputs, outputs)
    name = session.get_inputs()[0].name

    def run(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {name: inputs})[0], dtype=np.float32)

    return run

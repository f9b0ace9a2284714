"""The bytes of an ONNX file and its card to a callable, on ONNX Runtime; on the provider asked for, or an error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.inference.model_folder import ModelFile
from agent.edge.inference.self_check import Network
from agent.edge.inference.signature import check_signature


def load_network(file: ModelFile, provider: str, *, threads: int) -> Network:
    """Open the bytes of a network whose graph has its card's signature: (n, c, h, w) to (n, k) or (n, k, h, w).

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
    # Bytes that look like ONNX Runtime's own format would be read as it, and nothing has looked into them for that.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    # Threads that wait by spinning take the cores from the receiving thread and from the other network.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if provider != "CPUExecutionProvider":
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        onnxruntime.preload_dlls()  # CUDA and cuDNN of the extra lie beside onnxruntime, where no loader looks
    try:
        session = onnxruntime.InferenceSession(file.content, options, providers=[provider])
    except Exception as error:
        raise EdgeError(
            f"{file.path}: ONNX Runtime does not open it on {provider}: {str(error).splitlines()[0]}"
        ) from error
    if session.get_providers()[0] != provider:
        raise EdgeError(f"{file.path}: asked ONNX Runtime for {provider}, it gave {session.get_providers()[0]}")
    inputs, outputs = ([(n.name, n.shape) for n in nodes] for nodes in (session.get_inputs(), session.get_outputs()))
    check_signature(file.path, file.card, inputs, outputs)
    name = session.get_inputs()[0].name

    def run(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {name: inputs})[0], dtype=np.float32)

    return run

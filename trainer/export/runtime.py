"""An ONNX file's content as a function, on ONNX Runtime's CPU provider: what the trainer measures networks with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A network as a function of a batch."""


def runner(network: bytes, threads: int = 0) -> Run:
    """`threads` 0 lets ONNX Runtime choose."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {name: batch})[0], dtype=np.float32)

    return run

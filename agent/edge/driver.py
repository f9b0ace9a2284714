"""Is there an NVIDIA driver and a GPU? Asked of the driver itself, before any GPU runtime is touched.

A TensorRT runtime without a driver crashes the process, and ONNX Runtime turns silently to the CPU.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """What the probe found."""

    gpus: int
    reason: str
    """Why there are none; empty when there are."""


def probe() -> Driver:
    """Load the driver's library and count devices; never raises."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return Driver(gpus=0, reason=f"no NVIDIA driver ({name} is not there)")
    if (code := library.cuInit(0)) != 0:
        return Driver(gpus=0, reason=f"the NVIDIA driver does not start (cuInit: {code})")
    count = ctypes.c_int(0)
    if (code := library.cuDeviceGetCount(ctypes.byref(count))) != 0:
        return Driver(gpus=0, reason=f"the NVIDIA driver does not count its devices (cuDeviceGetCount: {code})")
    return Driver(gpus=count.value, reason="" if count.value else "the NVIDIA driver sees no GPU")

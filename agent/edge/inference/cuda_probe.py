"""Is there an NVIDIA driver and a GPU? Asked of the driver itself, before any GPU runtime is touched.

A TensorRT runtime without a driver crashes the process, and ONNX Runtime turns silently to the CPU.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Load = Callable[[str], Any]
"""Name of a shared library to the library; OSError when it is not there."""

CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76
"""CUdevice_attribute of the CUDA driver API."""
NAME_BYTES = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One device."""

    name: str
    """As the driver calls it: ``NVIDIA H100 80GB HBM3``."""
    capability: tuple[int, int]
    """Compute capability, major and minor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """What the probe found."""

    gpus: tuple[Gpu, ...] = ()
    """In the driver's order; the first one computes."""
    version: str = ""
    """``580.95.05``; where the management library does not tell, the newest CUDA it serves: ``CUDA 13.0``."""
    reason: str = ""
    """Why there are no GPUs; empty when there are."""


class _Refused(Exception):
    """A call to the driver returned a code that is not zero."""


def probe(load: Load = ctypes.CDLL) -> Driver:
    """Load the driver's library and ask for devices; never raises."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        library = load(name)
    except OSError:
        return Driver(reason="no NVIDIA driver")
    # Each call may refuse: a driver without its kernel module loads well and then answers with an error.
    count, cuda = ctypes.c_int(0), ctypes.c_int(0)
    try:
        _ask(library, "cuInit", 0)
        _ask(library, "cuDeviceGetCount", ctypes.byref(count))
        _ask(library, "cuDriverGetVersion", ctypes.byref(cuda))
        gpus = tuple(_gpu(library, n) for n in range(count.value))
    except _Refused as error:
        return Driver(reason=f"the NVIDIA driver does not work ({error})")
    if not gpus:
        return Driver(reason="the NVIDIA driver sees no GPU")
    return Driver(gpus=gpus, version=_version(load) or f"CUDA {cuda.value // 1000}.{cuda.value % 1000 // 10}")


def _ask(library: Any, function: str, *arguments: object) -> None:
    if (code := getattr(library, function)(*arguments)) != 0:
        raise _Refused(f"{function}: {code}")


def _gpu(library: Any, number: int) -> Gpu:
    device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    name = ctypes.create_string_buffer(NAME_BYTES)
    _ask(library, "cuDeviceGet", ctypes.byref(device), number)
    _ask(library, "cuDeviceGetName", name, NAME_BYTES, device)
    _ask(library, "cuDeviceGetAttribute", ctypes.byref(major), CAPABILITY_MAJOR, device)
    _ask(library, "cuDeviceGetAttribute", ctypes.byref(minor), CAPABILITY_MINOR, device)
    return Gpu(name=name.value.decode(errors="replace"), capability=(major.value, minor.value))


def _version(load: Load) -> str:
    """The driver's own version, from the management library; empty where that cannot be had."""
    text = ctypes.create_string_buffer(NAME_BYTES)
    try:
        library = load("nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1")
        _ask(library, "nvmlInit_v2")
        _ask(library, "nvmlSystemGetDriverVersion", text, NAME_BYTES)
        _ask(library, "nvmlShutdown")
    except (OSError, _Refused):
        return ""
    return text.value.decode(errors="replace")

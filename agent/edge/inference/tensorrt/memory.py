"""A CUDA stream and the memory that goes with it, through `cuda.bindings.runtime` alone."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.edge.errors import EdgeError


class Room:
    """Memory on the device, and as much pinned memory on the host that goes up to it and comes down from it."""

    def __init__(self, device: Device, size_bytes: int) -> None:
        self._device, self.size_bytes = device, size_bytes
        self.pointer = int(device.ask("cudaMalloc", size_bytes))
        self._host = int(device.ask("cudaHostAlloc", size_bytes, device.cuda.cudaHostAllocDefault))

    def host(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """The host's side as an array of `shape`, (n, ...); valid until `free`."""
        return np.ctypeslib.as_array(ctypes.cast(self._host, ctypes.POINTER(ctypes.c_float)), shape)

    def up(self, size_bytes: int) -> None:
        """Host to device, in the stream's order."""
        self._copy(self.pointer, self._host, size_bytes, self._device.cuda.cudaMemcpyKind.cudaMemcpyHostToDevice)

    def down(self, size_bytes: int) -> None:
        """Device to host, in the stream's order."""
        self._copy(self._host, self.pointer, size_bytes, self._device.cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost)

    def free(self) -> None:
        """Give both sides back."""
        self._device.ask("cudaFree", self.pointer)
        self._device.ask("cudaFreeHost", self._host)

    def _copy(self, target: int, source: int, size_bytes: int, kind: Any) -> None:
        self._device.ask("cudaMemcpyAsync", target, source, size_bytes, kind, self._device.stream)


class Device:
    """The first GPU: one stream of its own and named rooms that grow when more is asked of them."""

    def __init__(self, cuda: Any) -> None:
        """Make a stream; `cuda` is `cuda.bindings.runtime`.

        Raises:
            EdgeError: there is no stream to be had.
        """
        self.cuda = cuda
        # The default stream would make TensorRT synchronise the whole device at every call.
        self.stream = self.ask("cudaStreamCreateWithFlags", cuda.cudaStreamNonBlocking)
        self._rooms: dict[str, Room] = {}

    def ask(self, function: str, *arguments: object) -> Any:
        """Call the CUDA runtime; its one result, or None.

        Raises:
            EdgeError: CUDA refuses; the text is its own.
        """
        code, *results = getattr(self.cuda, function)(*arguments)
        if int(code) != 0:
            _, text = self.cuda.cudaGetErrorString(code)
            raise EdgeError(f"{function}: {text.decode(errors='replace')} (CUDA error {int(code)})")
        return results[0] if results else None

    def room(self, name: str, size_bytes: int) -> Room:
        """At least so many bytes; what the room held before is lost when it grows."""
        known = self._rooms.get(name)
        if known is not None and known.size_bytes >= size_bytes:
            return known
        if known is not None:
            self.synchronise()
            del self._rooms[name]
            known.free()
        self._rooms[name] = Room(self, size_bytes)
        return self._rooms[name]

    def synchronise(self) -> None:
        """Wait for everything in the stream."""
        self.ask("cudaStreamSynchronize", self.stream)

"""A stand-in for `tensorrt` and for `cuda.bindings.runtime`: ONNX Runtime computes, on memory at plain addresses.

What our side must do rightly shows: shapes set before a run, addresses of the device and not of the host, copies both
ways, a wait before reading. "Device" memory starts as NaN, so that a copy that is left out cannot pass.
"""

from __future__ import annotations

import ctypes
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime

SUCCESS, INSUFFICIENT_DRIVER = 0, 35


class FakeCuda:
    """The calls of `cuda.bindings.runtime` that we make; each answers (code, result)."""

    cudaStreamNonBlocking = 1
    cudaHostAllocDefault = 0
    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.memory: dict[int, Any] = {}
        self.waiting: list[Any] = []
        """What the stream holds: nothing is done before somebody waits for it."""

    def _new(self, size: int) -> tuple[int, int]:
        block = np.full(size // 4, np.nan, dtype=np.float32)
        self.memory[block.ctypes.data] = block
        return SUCCESS, block.ctypes.data

    def cudaMalloc(self, size: int) -> tuple[int, int]:
        return self._new(size)

    def cudaHostAlloc(self, size: int, flags: int) -> tuple[int, int]:
        return self._new(size)

    def cudaFree(self, pointer: int) -> tuple[int]:
        del self.memory[pointer]
        return (SUCCESS,)

    cudaFreeHost = cudaFree

    def cudaStreamCreateWithFlags(self, flags: int) -> tuple[int, int | None]:
        return (INSUFFICIENT_DRIVER, None) if self.broken else (SUCCESS, 77)

    def cudaMemcpyAsync(self, target: int, source: int, size: int, kind: int, stream: int) -> tuple[int]:
        assert stream == 77
        self.waiting.append(lambda: ctypes.memmove(target, source, size))
        return (SUCCESS,)

    def cudaStreamSynchronize(self, stream: int) -> tuple[int]:
        for action in self.waiting:
            action()
        self.waiting.clear()
        return (SUCCESS,)

    def cudaGetErrorString(self, code: int) -> tuple[int, bytes]:
        return SUCCESS, b"CUDA driver version is insufficient for CUDA runtime version"


class ILogger:
    Severity = SimpleNamespace(INTERNAL_ERROR=0, ERROR=1, WARNING=2)


class FakeTensorRt:
    """The module; `nothing` names a factory that answers with None, as the real ones do without a driver."""

    ILogger = ILogger
    NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=1)
    MemoryPoolType = SimpleNamespace(WORKSPACE=0)
    TensorIOMode = SimpleNamespace(INPUT=1, OUTPUT=2)

    def __init__(self, cuda: FakeCuda, *, name: str = "tensorrt", version: str = "11.4.0", nothing: str = "") -> None:
        self.__name__, self.__version__ = name, version
        self.cuda, self.nothing = cuda, nothing
        self.builds = 0
        self.timings_seen: list[bytes] = []

    def Builder(self, log: Any) -> Any:
        if self.nothing == "Builder":
            log.log(1, "CUDA initialization failure with error: 35")
            raise TypeError("pybind11::init(): factory function returned nullptr")
        return _Builder(self, log)

    def OnnxParser(self, network: Any, log: Any) -> Any:
        return _Parser(network)

    def Runtime(self, log: Any) -> Any:
        return None if self.nothing == "Runtime" else _Runtime(self, log)

    def ComputeCapability(self, value: int) -> int:
        return value

    def nptype(self, dtype: str) -> Any:
        return np.dtype(dtype).type


class _Builder:
    def __init__(self, trt: FakeTensorRt, log: Any) -> None:
        self._trt, self._log = trt, log

    def create_network(self, flags: int) -> Any:
        return SimpleNamespace(onnx=b"", get_input=lambda n: None)

    def create_builder_config(self) -> Any:
        return _Config(self._trt)

    def create_optimization_profile(self) -> Any:
        return _Profile()

    def build_serialized_network(self, network: Any, config: Any) -> bytes | None:
        self._trt.builds += 1
        if self._trt.nothing == "plan":
            self._log.log(1, "the workspace is too small\nand more")
            return None
        head = json.dumps({"version": self._trt.__version__, "profile": config.profile.shapes})
        return head.encode() + b"\n" + network.onnx


class _Parser:
    num_errors = 1

    def __init__(self, network: Any) -> None:
        self._network = network

    def parse(self, onnx: bytes) -> bool:
        try:
            node = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"]).get_inputs()[0]
        except Exception:  # noqa: BLE001 whatever is wrong with it, it does not parse
            return False
        shape = tuple(side if isinstance(side, int) else -1 for side in node.shape)
        self._network.onnx = onnx
        self._network.get_input = lambda n: SimpleNamespace(name=node.name, shape=shape)
        return True

    def get_error(self, number: int) -> Any:
        return SimpleNamespace(desc=lambda: "no ONNX file\nat line 1")


class _Profile:
    def set_shape(self, name: str, least: Any, usual: Any, most: Any) -> None:
        self.shapes = [least, usual, most]


class _Config:
    def __init__(self, trt: FakeTensorRt) -> None:
        self._trt = trt

    def set_memory_pool_limit(self, kind: int, size: int) -> None:
        assert size > 0

    def add_optimization_profile(self, profile: _Profile) -> int:
        self.profile = profile
        return 0

    def create_timing_cache(self, content: bytes) -> Any:
        self._trt.timings_seen.append(content)
        return content

    def set_timing_cache(self, cache: Any, ignore_mismatch: bool) -> None:
        assert not ignore_mismatch

    def get_timing_cache(self) -> Any:
        return SimpleNamespace(serialize=lambda: b"timings")

    def set_compute_capability(self, value: int, index: int) -> bool:
        return value != 90


class _Runtime:
    def __init__(self, trt: FakeTensorRt, log: Any) -> None:
        self._trt, self._log = trt, log

    def deserialize_cuda_engine(self, plan: bytes) -> Any:
        head, _, onnx = plan.partition(b"\n")
        if self._trt.nothing == "engine" or not head.startswith(b"{"):
            self._log.log(1, "the plan's magic tag does not match")
            return None
        return _Engine(self._trt, onnx, json.loads(head)["profile"])


class _Engine:
    num_io_tensors = 2

    def __init__(self, trt: FakeTensorRt, onnx: bytes, profile: list[list[int]]) -> None:
        self.trt, self.profile = trt, profile
        self.session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
        self.nodes = [self.session.get_inputs()[0], self.session.get_outputs()[0]]

    def get_tensor_name(self, number: int) -> str:
        return self.nodes[number].name

    def _node(self, name: str) -> Any:
        return next(n for n in self.nodes if n.name == name)

    def get_tensor_dtype(self, name: str) -> str:
        return {"tensor(float)": "float32", "tensor(float16)": "float16"}[self._node(name).type]

    def get_tensor_mode(self, name: str) -> int:
        return 1 if name == self.nodes[0].name else 2

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(side if isinstance(side, int) else -1 for side in self._node(name).shape)

    def create_execution_context(self) -> Any:
        return None if self.trt.nothing == "context" else _Context(self)


class _Context:
    def __init__(self, engine: _Engine) -> None:
        self._engine = engine
        self._shape: tuple[int, ...] | None = None
        self._addresses: dict[str, int] = {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        least, _, most = self._engine.profile
        self._shape = shape
        return all(a <= n <= b for a, n, b in zip(least, shape, most, strict=True))

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        assert self._shape is not None
        promised = self._engine.get_tensor_shape(name)
        if len(promised) == 2:
            return (self._shape[0], promised[1])
        return (self._shape[0], promised[1], *self._shape[2:])

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        assert stream == 77
        assert self._shape is not None
        taken, given = (n.name for n in self._engine.nodes)
        source, target = (self._addresses[name] for name in (taken, given))
        shape = self._shape

        def compute() -> None:
            pointer = ctypes.cast(source, ctypes.POINTER(ctypes.c_float))
            inputs = np.ctypeslib.as_array(pointer, shape).copy()
            output = np.ascontiguousarray(self._engine.session.run(None, {taken: inputs})[0])
            ctypes.memmove(target, output.ctypes.data, output.nbytes)

        self._engine.trt.cuda.waiting.append(compute)
        return True

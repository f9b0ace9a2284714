"""An ONNX file and its card to a callable, on TensorRT or TensorRT-RTX: the same calls serve both.

No runtime is made unless the driver has answered: without one its first use ends the process.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.inference.cuda_probe import Driver
from agent.edge.inference.model_folder import ModelFile
from agent.edge.inference.signature import Side, check_signature
from agent.edge.inference.tensorrt.build import Profile, complaint, logger
from agent.edge.inference.tensorrt.memory import Device
from agent.edge.inference.tensorrt.plan_cache import PlanCache, cache_folder
from agent.edge.inference.tensorrt.plans import Plans, classifier_profile, detector_profile, exact_profile
from protocol.model_folder import SIGNATURES

log = structlog.get_logger()

FREE = -1
"""What TensorRT writes for a length that is not fixed."""


def import_module(name: str, extra: str) -> Any:
    """A GPU module of an optional extra.

    Raises:
        EdgeError: it is not installed, or its libraries are not.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise EdgeError(f"module {name} cannot be used ({error}); pip install 'beamside[{extra}]'") from error


def open_tensorrt(
    file: ModelFile,
    module: str,
    driver: Driver,
    *,
    cache: PlanCache | None = None,
    trt: Any = None,
    cuda: Any = None,
) -> TensorRt:
    """Open a network (n, c, h, w) to (n, ...) on the first GPU; plans that are missing or stale are built first.

    `module` is ``tensorrt`` or ``tensorrt_rtx``; `trt` and `cuda` take the places of the imported modules.

    Raises:
        EdgeError: no GPU, a module is missing, the network does not build, or it is not what its card says.
    """
    if not driver.gpus:
        raise EdgeError(f"{module} cannot run here: {driver.reason}")
    extra = module.replace("_", "-")
    trt = trt or import_module(module, extra)
    cuda = cuda or import_module("cuda.bindings.runtime", extra)
    plans = Plans(
        trt=trt,
        network=file.content,
        gpu=driver.gpus[0],
        driver=driver.version,
        cache=cache or PlanCache(cache_folder()),
    )
    network, card = TensorRt(file, plans, Device(cuda)), file.card
    first = classifier_profile(card) if card.role == "classifier" else detector_profile(card, (1, card.channels, 8, 8))
    network.ready(first)  # so that what cannot run is found now, and not at the first frame
    return network


class TensorRt:
    """Inputs (n, c, h, w) float32 to outputs (n, ...) float32, as one call."""

    def __init__(self, file: ModelFile, plans: Plans, device: Device) -> None:
        self._path, self._card, self._plans, self._device = file.path, file.card, plans, device
        self._log = logger(plans.trt)
        self._runtime = plans.trt.Runtime(self._log)
        if self._runtime is None:
            raise EdgeError(f"{plans.trt.__name__} gives no runtime: {self._complaint()}")
        self._contexts: dict[Profile, tuple[Any, Any]] = {}
        self._newest: tuple[tuple[int, ...], Profile] | None = None

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Inputs (n, c, h, w) to outputs (n, ...).

        Raises:
            EdgeError: CUDA or TensorRT refuses.
        """
        if len(inputs) == 0:
            return np.empty((0, len(self._card.classes)), dtype=np.float32)
        if self._newest is None or self._newest[0] != inputs.shape[1:]:
            self._newest = (inputs.shape[1:], self._profile(inputs.shape))
        profile = self._newest[1]
        step = profile.most[0]
        parts = [self._run(profile, inputs[n : n + step]) for n in range(0, len(inputs), step)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def ready(self, profile: Profile) -> Any:
        """The execution context of a profile; its plan comes from the cache, or is built.

        Raises:
            EdgeError: the plan cannot be built, stored or loaded, or is not the card's.
        """
        if profile not in self._contexts:
            engine = self._engine(profile)
            context = engine.create_execution_context()
            if context is None:
                raise EdgeError(f"{self._path}: {self._plans.trt.__name__} gives no context: {self._complaint()}")
            self._contexts[profile] = (engine, context)  # a context does not keep its engine alive
        return self._contexts[profile][1]

    def _profile(self, shape: tuple[int, ...]) -> Profile:
        if self._card.role == "classifier":
            return classifier_profile(self._card)
        exact = exact_profile(shape)
        return exact if self._plans.cached(exact) is not None else detector_profile(self._card, shape)

    def _engine(self, profile: Profile) -> Any:
        plan = self._plans.cached(profile)
        engine = None if plan is None else self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            if plan is not None:
                log.warning("a stored plan does not load and is built again", reason=self._complaint())
            engine = self._runtime.deserialize_cuda_engine(self._plans.built(profile))
        if engine is None:
            raise EdgeError(f"{self._path}: the plan just built does not load: {self._complaint()}")
        self._check(engine)
        return engine

    def _check(self, engine: Any) -> None:
        trt = self._plans.trt
        # What the plan takes and gives, as the card's signature is compared with it; all in single precision.
        found: dict[Any, list[tuple[str, list[Side]]]] = {trt.TensorIOMode.INPUT: [], trt.TensorIOMode.OUTPUT: []}
        for n in range(engine.num_io_tensors):
            name = engine.get_tensor_name(n)
            if np.dtype(trt.nptype(engine.get_tensor_dtype(name))) != np.float32:
                raise EdgeError(f"{self._path}: {name} is {engine.get_tensor_dtype(name)}, not 32-bit floating point")
            found[engine.get_tensor_mode(name)].append((name, list(engine.get_tensor_shape(name))))
        check_signature(self._path, self._card, *found.values())

    def _run(self, profile: Profile, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        context = self.ready(profile)
        signature = SIGNATURES[self._card.role]
        taken, given = signature.input_name, signature.output_name
        # The shapes, which fix the output's.
        if not context.set_input_shape(taken, tuple(inputs.shape)):
            raise EdgeError(f"{self._path}: inputs of {inputs.shape} are not taken: {self._complaint()}")
        shape = tuple(context.get_tensor_shape(given))
        if FREE in shape:
            raise EdgeError(f"{self._path}: the shape of the output is not known: {self._complaint()}")
        # Up to the device, through the network, down again: all in the stream's order, and waited for once.
        below = self._device.room("input", inputs.nbytes)
        above = self._device.room("output", 4 * int(np.prod(shape)))
        below.host(inputs.shape)[...] = inputs
        below.up(inputs.nbytes)
        context.set_tensor_address(taken, below.pointer)
        context.set_tensor_address(given, above.pointer)
        if not context.execute_async_v3(int(self._device.stream)):
            raise EdgeError(f"{self._path}: {self._plans.trt.__name__} does not run: {self._complaint()}")
        above.down(4 * int(np.prod(shape)))
        self._device.synchronise()
        return above.host(shape).copy()

    def _complaint(self) -> str:
        return complaint(self._log)

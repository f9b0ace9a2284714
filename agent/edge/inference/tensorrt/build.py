"""An ONNX file to a TensorRT plan. One text for `tensorrt` 10.16, 11.x and `tensorrt_rtx`, which share these calls.

TensorRT-RTX parses and builds without a GPU; TensorRT needs one. Every factory of either may answer with nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from agent.edge.errors import EdgeError

WORKSPACE_BYTES = 1 << 30
RTX = "tensorrt_rtx"
COMPLAINTS = 20
"""Lines of a logger that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The shapes of the one input that a plan serves; `usual` is what it is made fast for."""

    least: tuple[int, ...]
    """(n, c, h, w); no side of an input may be smaller."""
    usual: tuple[int, ...]
    """(n, c, h, w), which the plan is made fast for."""
    most: tuple[int, ...]
    """(n, c, h, w); no side of an input may be larger."""

    def __str__(self) -> str:
        return " ".join("x".join(map(str, shape)) for shape in (self.least, self.usual, self.most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A plan, and what was learnt about this GPU's speed while building it."""

    plan: bytes
    """What the module loads to compute."""
    timings: bytes
    """Empty where the module keeps none."""


def logger(trt: Any) -> Any:
    """A logger of the module that keeps its complaints in `.lines`, for our own error texts."""

    class Lines(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.lines: deque[str] = deque(maxlen=COMPLAINTS)

        def log(self, severity: Any, msg: str) -> None:
            if severity in (trt.ILogger.Severity.INTERNAL_ERROR, trt.ILogger.Severity.ERROR):
                self.lines.append(msg)

    return Lines()


def build_plan(
    trt: Any, network: bytes, profile: Profile, *, capability: tuple[int, int] | None = None, timings: bytes = b""
) -> Built:
    """Parse and build.

    `capability` is the GPU that TensorRT-RTX builds for, None for all that it knows; TensorRT builds for the GPU it
    finds. `timings` is an earlier build's.

    Raises:
        EdgeError: the module does not parse the network, does not know the GPU, or does not build; in its own words.
    """
    # The network, as the module's own parser understands it; types are the file's, not the module's choice.
    log = logger(trt)
    builder = _made(trt.Builder, "builder", log, log)
    strongly_typed = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    definition = _made(builder.create_network, "network", log, strongly_typed)
    parser = _made(trt.OnnxParser, "parser", log, definition, log)
    if not parser.parse(network):
        faults = "; ".join(parser.get_error(n).desc().splitlines()[0] for n in range(parser.num_errors))
        raise EdgeError(f"{trt.__name__} does not parse the network: {faults or complaint(log)}")
    # How it is built: memory, shapes, and for which GPU.
    config = _made(builder.create_builder_config, "configuration", log)
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    _add_profile(builder, config, definition, profile, log)
    if trt.__name__ == RTX:
        _aim(trt, config, capability)
    else:  # in TensorRT-RTX the timing cache does nothing and is deprecated
        config.set_timing_cache(_made(config.create_timing_cache, "timing cache", log, timings), False)
    # Built, in seconds to minutes.
    plan = builder.build_serialized_network(definition, config)
    if plan is None:
        raise EdgeError(f"{trt.__name__} does not build the network for {profile}: {complaint(log)}")
    learnt = b"" if trt.__name__ == RTX else bytes(config.get_timing_cache().serialize())
    return Built(plan=bytes(plan), timings=learnt)


def _made(factory: Any, what: str, log: Any, *arguments: object) -> Any:
    """A factory's product; without a driver these give None, or say so with a TypeError."""
    try:
        product = factory(*arguments)
    except TypeError as error:
        raise EdgeError(f"TensorRT gives no {what}: {error}; {complaint(log)}") from error
    if product is None:
        raise EdgeError(f"TensorRT gives no {what}: {complaint(log)}")
    return product


def _add_profile(builder: Any, config: Any, definition: Any, profile: Profile, log: Any) -> None:
    one = _made(builder.create_optimization_profile, "profile", log)
    name, promised = definition.get_input(0).name, tuple(definition.get_input(0).shape)
    # Compared here: the module would take shapes that do not fit, and fail while it builds, without naming them.
    fits = len(promised) == len(profile.most) and all(
        side in (-1, low) and (side == -1 or low == high)
        for side, low, high in zip(promised, profile.least, profile.most, strict=True)
    )
    if not fits:
        raise EdgeError(f"the network takes {promised}, which cannot serve {profile}")
    one.set_shape(name, profile.least, profile.usual, profile.most)
    if config.add_optimization_profile(one) < 0:
        raise EdgeError(f"TensorRT does not take the shapes {profile}: {complaint(log)}")


def _aim(trt: Any, config: Any, capability: tuple[int, int] | None) -> None:
    if capability is None:
        return
    major, minor = capability
    config.num_compute_capabilities = 1
    if not config.set_compute_capability(trt.ComputeCapability(10 * major + minor), 0):
        raise EdgeError(f"TensorRT-RTX {trt.__version__} does not know GPUs of compute capability {major}.{minor}")


def complaint(log: Any) -> str:
    """The first line that a logger holds, which names the cause; the logger is emptied."""
    text = log.lines[0].splitlines()[0] if log.lines else "it does not say why"
    log.lines.clear()
    return str(text)

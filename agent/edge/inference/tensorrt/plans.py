"""Which plan serves a shape, and where it comes from: this machine's cache, or built here and now."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from agent.edge.errors import EdgeError
from agent.edge.inference.cuda_probe import Gpu
from agent.edge.inference.tensorrt.build import Profile, build_plan
from agent.edge.inference.tensorrt.plan_cache import Key, PlanCache
from protocol.model_card import ModelCard

log = structlog.get_logger()

TIERS_PX = (512, 1024, 2048, 4096)
"""Largest sides of the detector's input map; a map gets the plan of the smallest tier that holds it."""
USUAL_BATCH, MOST_BATCH = 16, 64
"""Patches at a time; more are split."""

ProfileFor = Callable[[tuple[int, ...]], Profile]
"""Input shape to the profile whose plan serves it."""


def detector_profile(card: ModelCard, shape: tuple[int, ...]) -> Profile:
    """The tier of an input map of `shape` (1, c, h, w).

    Raises:
        EdgeError: it is larger than any.
    """
    side = max(shape[2:])
    tier = next((t for t in TIERS_PX if side <= t), None)
    if tier is None:
        raise EdgeError(f"an input map of {shape[2]} x {shape[3]} is larger than {TIERS_PX[-1]} pixels a side")
    whole = (1, card.channels, tier, tier)
    return Profile(least=(1, card.channels, card.geometry.patch_px, card.geometry.patch_px), usual=whole, most=whole)


def exact_profile(shape: tuple[int, ...]) -> Profile:
    """This shape and no other."""
    return Profile(least=shape, usual=shape, most=shape)


def classifier_profile(card: ModelCard) -> Profile:
    """One to `MOST_BATCH` patches."""
    patch = (card.channels, card.geometry.patch_px, card.geometry.patch_px)
    return Profile(least=(1, *patch), usual=(USUAL_BATCH, *patch), most=(MOST_BATCH, *patch))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """The plans of one network for one GPU."""

    trt: Any
    """The module: `tensorrt` or `tensorrt_rtx`."""
    network: bytes
    """The ONNX file."""
    gpu: Gpu
    """That they are for."""
    driver: str
    """Its version."""
    cache: PlanCache
    """Where they are kept."""

    def cached(self, profile: Profile) -> bytes | None:
        """What was built before for this very network, module, GPU and driver; None where nothing was.

        Raises:
            EdgeError: the file belongs to somebody else, or others may write to it.
        """
        return self.cache.load(self._key(hashlib.sha256(self.network).hexdigest(), str(profile)))

    def built(self, profile: Profile) -> bytes:
        """Build, remember, and put in place of what was there.

        Raises:
            EdgeError: TensorRT does not build it, or it cannot be stored.
        """
        # What other builds on this GPU have timed makes this one shorter; the log says why nothing else happens now.
        timing_key = self._key("", "timings")
        start_s = time.monotonic()
        log.info("building a plan", module=self.trt.__name__, profile=str(profile), gpu=self.gpu.name)
        built = build_plan(
            self.trt,
            self.network,
            profile,
            capability=self.gpu.capability,
            timings=self.cache.load(timing_key) or b"",
        )
        # Kept before it is used: a run that is ended now has not built for nothing.
        path = self.cache.store(self._key(hashlib.sha256(self.network).hexdigest(), str(profile)), built.plan)
        if built.timings:
            self.cache.store(timing_key, built.timings)
        log.info("plan built", seconds=round(time.monotonic() - start_s, 1), path=str(path), bytes=len(built.plan))
        return built.plan

    def _key(self, onnx_sha256: str, profile: str) -> Key:
        major, minor = self.gpu.capability
        return Key(
            onnx_sha256=onnx_sha256,
            module=self.trt.__name__,
            version=self.trt.__version__,
            gpu=self.gpu.name,
            capability=f"{major}.{minor}",
            driver=self.driver,
            profile=profile,
        )

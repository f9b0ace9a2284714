"""`beamside build-plans`: make the TensorRT plans before the session, so that no frame waits for one."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agent.core.preprocessing.detector_input import detector_input
from agent.edge.errors import EdgeError
from agent.edge.inference.backend import obstacle
from agent.edge.inference.hardware import Hardware, inspect_hardware
from agent.edge.inference.model_folder import ModelFile, candidates
from agent.edge.inference.tensorrt.build import RTX, Profile, build_plan
from agent.edge.inference.tensorrt.network import import_module
from agent.edge.inference.tensorrt.plan_cache import PlanCache, cache_folder
from agent.edge.inference.tensorrt.plans import TIERS_PX, Plans, classifier_profile, detector_profile, exact_profile
from protocol.input_geometry import ROLES
from protocol.model_card import ModelCard

TARGETS = ("this", "any")
USUAL_TIERS_PX = TIERS_PX[:2]
"""Frames up to 4096 pixels a side at 0.02 to 0.06 nm need no larger input map than the second tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTier:
    """Frames that plans are to be made for exactly."""

    shape_px: tuple[int, int]
    """Rows and columns of the frames."""
    pixel_size_nm: float
    """Of the frames."""

    def map_shape(self, card: ModelCard) -> tuple[int, ...]:
        """(1, c, h, w) of the detector's input, found by the very function that makes it."""
        noise = np.random.default_rng(0).integers(90, 110, self.shape_px).astype(np.uint16)
        maps, _ = detector_input(noise, self.pixel_size_nm, card.geometry.pixel_size_nm, card.geometry.patch_px)
        return (1, *maps.shape)


def main(options: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """Build what was asked for. Raises EdgeError as `build_plans` and `frame_tier`."""
    build_plans(
        options.models,
        inspect_hardware(),
        tell,
        backend=options.backend,
        precision=options.precision,
        tier=frame_tier(options.frame, options.pixel_size_nm),
        target=options.target,
    )
    return 0


def frame_tier(text: str | None, pixel_size_nm: float | None) -> FrameTier | None:
    """``4096x4096`` and a pixel size to a tier; None when neither is given.

    Raises:
        EdgeError: only one of them is given, or they are no frame.
    """
    if text is None and pixel_size_nm is None:
        return None
    if text is None or pixel_size_nm is None:
        raise EdgeError("--frame HxW and --pixel-size-nm P belong together")
    try:
        height, width = (int(n) for n in text.lower().split("x"))
    except ValueError as error:
        raise EdgeError(f"--frame is HEIGHTxWIDTH in pixels, got {text!r}") from error
    if not (64 <= height <= 16384 and 64 <= width <= 16384 and 0.001 <= pixel_size_nm <= 1):
        raise EdgeError(f"--frame must be 64 to 16384 pixels a side at 0.001 to 1 nm, got {text} at {pixel_size_nm} nm")
    return FrameTier(shape_px=(height, width), pixel_size_nm=pixel_size_nm)


def build_plans(
    models: Path,
    machine: Hardware,
    tell: Callable[[str], None],
    *,
    backend: str | None = None,
    precision: str = "auto",
    tier: FrameTier | None = None,
    target: str = "this",
    cache: PlanCache | None = None,
) -> None:
    """Build every plan of both networks and keep it in the user's own cache.

    `target` ``any`` parses and builds for every GPU that TensorRT-RTX knows, without one being there, and keeps
    nothing: it shows that the networks are understood.

    Raises:
        EdgeError: the backend cannot build here, or does not understand a network.
    """
    # What was asked for makes sense here, before a module of a GPU is touched.
    if target not in TARGETS:
        raise EdgeError(f"--target must be one of {', '.join(TARGETS)}, got {target!r}")
    backend = backend or ("tensorrt" if "tensorrt" in machine.modules else "tensorrt-rtx")
    if backend not in ("tensorrt", "tensorrt-rtx"):
        raise EdgeError(f"plans are for tensorrt or tensorrt-rtx, got {backend!r}")
    if target == "any" and backend != "tensorrt-rtx":
        raise EdgeError("only tensorrt-rtx builds for a GPU that is not here")
    if target == "this" and (reason := obstacle(backend, machine)):
        raise EdgeError(f"{backend} cannot build for this machine's GPU: {reason}")
    # Every plan of both networks; the file that a run would take with the same settings.
    trt = import_module(backend.replace("-", "_"), backend)
    if target == "this":
        cache = cache or PlanCache(cache_folder())
    for role in ROLES:
        file = candidates(models, role, precision, compressed="fp16").files[0]
        for profile in _profiles(file.card, tier):
            start_s = time.monotonic()
            size_bytes, where = _build(trt, file, profile, machine, cache)
            spent_s = time.monotonic() - start_s
            tell(f"{file.path.name} for {profile}: {size_bytes / 1e6:.1f} MB in {spent_s:.1f} s, {where}")


def _profiles(card: ModelCard, tier: FrameTier | None) -> Iterator[Profile]:
    if card.role == "classifier":
        yield classifier_profile(card)
    elif tier is not None:
        yield exact_profile(tier.map_shape(card))
    else:
        for side in USUAL_TIERS_PX:
            yield detector_profile(card, (1, card.channels, side, side))


def _build(trt: Any, file: ModelFile, profile: Profile, machine: Hardware, cache: PlanCache | None) -> tuple[int, str]:
    """(bytes of the plan, where it is)."""
    network = file.content
    if cache is None:
        plan = build_plan(trt, network, profile).plan
        return len(plan), f"not kept: for every GPU that {RTX} {trt.__version__} knows, none of which is asked"
    driver = machine.driver
    plans = Plans(trt=trt, network=network, gpu=driver.gpus[0], driver=driver.version, cache=cache)
    return len(plans.built(profile)), f"kept in {cache.folder} for {driver.gpus[0].name}"

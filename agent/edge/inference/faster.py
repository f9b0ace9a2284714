"""Is a compressed network really faster than the full one here? Timed once, then remembered in the user's cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import structlog
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.inference.processor import Processor
from agent.edge.inference.self_check import Network
from agent.edge.inference.tensorrt.plan_cache import PlanCache, cache_folder, digest_of
from protocol.model_card import ModelCard

log = structlog.get_logger()

TIMED_MAP_PX = 424
"""The detector's input for a 2k frame at 0.05 nm/px."""
TIMED_PATCHES = 16
ROUNDS = 4
WORTH = 0.9
"""A compressed network that takes more than this share of the full one's time is not worth its small loss."""

Ratio = Callable[[Network, Network, Sequence[ModelCard], int], float]
"""(compressed network, full network, their cards, threads) -> time of the compressed over that of the full one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingKey:
    """All that a ratio of times depends on."""

    networks_sha256: tuple[str, ...]
    """Of the compressed and of the full network."""
    runtime_version: str
    """Of ONNX Runtime."""
    processor: Processor
    """Which is timed."""
    threads: int
    """Of each network; 0: as ONNX Runtime likes."""

    def file_name(self) -> str:
        """A digest of every field."""
        return f"timing-{digest_of(asdict(self))}.plan"


def timed_ratio(
    compressed: Network,
    full: Network,
    cards: Sequence[ModelCard],
    threads: int,
    *,
    processor: Processor,
    cache: PlanCache | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """The ratio of the shortest times, from the cache where these two networks were timed here before.

    They take turns, so that a busy moment hits both alike; the shortest time is what the processor can do.
    """
    # The speed belongs to these two networks, this runtime, this processor and so many threads.
    key = TimingKey(
        networks_sha256=tuple(card.model_sha256 for card in cards),
        runtime_version=_runtime_version(),
        processor=processor,
        threads=threads,
    )
    if (known := _recalled(cache, key)) is not None:
        return known
    inputs = timed_input(cards[0])
    spent_s = {"compressed": np.inf, "full": np.inf}
    for turn in range(ROUNDS):
        for name, network in (("compressed", compressed), ("full", full)):
            start_s = clock()
            network(inputs)
            if turn > 0:  # the first call makes room and is not like the others
                spent_s[name] = min(spent_s[name], clock() - start_s)
    ratio = float(spent_s["compressed"] / spent_s["full"])
    _remember(cache, key, ratio)
    return ratio


def timed_input(card: ModelCard) -> NDArray[np.float32]:
    """A batch of the usual size: (1, c, 424, 424) for a detector, (16, c, p, p) for a classifier."""
    side = TIMED_MAP_PX if card.role == "detector" else card.geometry.patch_px
    shape = (1 if card.role == "detector" else TIMED_PATCHES, card.channels, side, side)
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def _recalled(cache: PlanCache | None, key: TimingKey) -> float | None:
    """What was measured before; None where nothing was, or where it cannot be trusted or read."""
    try:
        stored = (cache or PlanCache(cache_folder())).load(key)
        if stored is None:
            return None
        ratio = float(stored)
        if not 0.01 < ratio < 100:
            raise EdgeError(f"a ratio of two networks' times is 0.01 to 100, got {ratio}")
        return ratio
    except (EdgeError, ValueError) as error:
        log.info("the timing that was kept cannot be used", reason=str(error))
        return None


def _remember(cache: PlanCache | None, key: TimingKey, ratio: float) -> None:
    try:
        (cache or PlanCache(cache_folder())).store(key, f"{ratio:.6f}".encode())
    except EdgeError as error:
        log.info("the timing is not kept", reason=str(error))


def _runtime_version() -> str:
    for name in ("onnxruntime", "onnxruntime-gpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "unknown"

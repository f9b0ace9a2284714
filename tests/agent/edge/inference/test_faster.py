"""A lighter network is timed against the full one, once on every machine."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.edge.inference.faster import timed_input, timed_ratio
from agent.edge.inference.processor import Processor
from agent.edge.inference.tensorrt.plan_cache import PlanCache
from protocol.model_card import ModelCard
from tests.fakes import fake_networks

HERE = Processor(name="A processor", instruction_set="AVX2")
CARDS = (fake_networks().classifier_card, fake_networks().classifier_card)


class Clock:
    """Time that passes only while a network computes."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.calls = 0

    def __call__(self) -> float:
        return self.now_s

    def network(self, takes_s: float, first_s: float = 0.0) -> object:
        left = [first_s]

        def run(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
            self.calls += 1
            self.now_s += takes_s + left[0]
            left[0] = 0.0
            return inputs

        return run


def ratio(clock: Clock, light_s: float, full_s: float, **changes: object) -> float:
    arguments = {"processor": HERE, "clock": clock, **changes}
    return timed_ratio(
        clock.network(light_s, first_s=9.0),  # type: ignore[arg-type]
        clock.network(full_s),  # type: ignore[arg-type]
        CARDS,
        2,
        **arguments,  # type: ignore[arg-type]
    )


def test_the_ratio_is_that_of_the_times_without_the_first_call(tmp_path: Path) -> None:
    assert ratio(Clock(), 0.044, 0.083, cache=PlanCache(tmp_path / "c" / "d")) == pytest.approx(44 / 83)


def test_a_pair_is_timed_once_on_a_processor_with_so_many_threads(tmp_path: Path) -> None:
    cache, clock = PlanCache(tmp_path / "c" / "d"), Clock()
    first = ratio(clock, 0.06, 0.056, cache=cache)
    calls = clock.calls
    assert ratio(clock, 5.0, 1.0, cache=cache) == pytest.approx(first, abs=1e-6)
    assert clock.calls == calls
    other = Processor(name="A processor", instruction_set="AVX-512 VNNI")
    assert ratio(clock, 5.0, 1.0, cache=cache, processor=other) == pytest.approx(5.0)


def test_a_cache_that_cannot_be_used_costs_only_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "beamside").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "beamside")
    assert ratio(Clock(), 0.3, 0.6) == pytest.approx(0.5)


def test_the_timed_batch_is_of_the_usual_size() -> None:
    assert timed_input(fake_networks().classifier_card).shape == (16, 1, 128, 128)
    assert timed_input(fake_networks().detector_card).shape == (1, 2, 424, 424)


@pytest.mark.parametrize("kept", [b"nan", b"inf", b"-0.5", b"0", b"", b"fast", b"\xff\xfe"])
def test_a_kept_ratio_that_is_none_is_measured_again(tmp_path: Path, kept: bytes) -> None:
    cache, clock = PlanCache(tmp_path / "c" / "d"), Clock()
    assert ratio(clock, 0.3, 0.6, cache=cache) == pytest.approx(0.5)
    (path,) = cache.folder.iterdir()
    path.write_bytes(hashlib.sha256(kept).digest() + kept)
    assert ratio(clock, 0.2, 0.4, cache=cache) == pytest.approx(0.5)
    assert ratio(clock, 9.0, 1.0, cache=cache) == pytest.approx(0.5), "and the new one is kept"


@pytest.mark.parametrize("threads", [1, 0])
def test_another_number_of_threads_or_the_other_order_is_another_pair(tmp_path: Path, threads: int) -> None:
    cache, clock = PlanCache(tmp_path / "c" / "d"), Clock()
    one, two = CARDS[0], replace(CARDS[1], model_sha256="1" * 64)

    def took(cards: tuple[ModelCard, ModelCard], threads: int, small_s: float) -> float:
        small, full = clock.network(small_s), clock.network(1.0)
        return timed_ratio(small, full, cards, threads, processor=HERE, cache=cache, clock=clock)  # type: ignore[arg-type]

    assert took((one, two), 2, 0.5) == pytest.approx(0.5)
    assert took((one, two), threads, 0.25) == pytest.approx(0.25)
    assert took((two, one), 2, 4.0) == pytest.approx(4.0)
    assert took((one, two), 2, 7.0) == pytest.approx(0.5)

"""Memory on a device, through a stand-in whose fresh memory holds NaN and whose stream waits until somebody asks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agent.edge.errors import EdgeError
from agent.edge.inference.tensorrt.memory import Device
from tests.fake_tensorrt import FakeCuda

INSUFFICIENT_MEMORY = 2


def test_what_goes_up_comes_down_again_and_only_after_waiting() -> None:
    device = Device(FakeCuda())
    room = device.room("input", 24)
    sent = np.arange(6, dtype=np.float32).reshape(2, 3)
    room.host((2, 3))[...] = sent
    room.up(24)
    device.synchronise()
    room.host((2, 3))[...] = -1
    room.down(24)
    assert (room.host((6,)) == -1).all(), "nothing has moved yet"
    device.synchronise()
    assert np.array_equal(room.host((2, 3)), sent)


def test_both_sides_of_a_room_are_different_memory() -> None:
    cuda = FakeCuda()
    device = Device(cuda)
    room = device.room("input", 16)
    room.host((4,))[...] = 7
    assert np.isnan(cuda.memory[room.pointer]).all()
    room.up(16)
    device.synchronise()
    assert (cuda.memory[room.pointer] == 7).all()


def test_a_room_is_kept_while_it_is_large_enough_and_never_shrinks() -> None:
    cuda = FakeCuda()
    device = Device(cuda)
    first = device.room("input", 64)
    assert device.room("input", 32) is first
    assert device.room("input", 64) is first
    larger = device.room("input", 68)
    assert larger is not first
    assert len(cuda.memory) == 2, "the smaller one was given back"
    assert device.room("output", 64) is not larger


def test_a_room_that_grows_waits_for_what_still_uses_it() -> None:
    cuda = FakeCuda()
    device = Device(cuda)
    device.room("input", 16).up(16)
    assert len(cuda.waiting) == 1
    device.room("input", 32)
    assert cuda.waiting == []


def test_memory_that_cannot_be_had_is_told_and_the_room_is_not_believed_to_be_there() -> None:
    class Full(FakeCuda):
        full = False

        def cudaMalloc(self, size: int) -> tuple[int, Any]:
            return (INSUFFICIENT_MEMORY, None) if self.full else self._new(size)

        def cudaGetErrorString(self, code: int) -> tuple[int, bytes]:
            return 0, b"out of memory"

    cuda = Full()
    device = Device(cuda)
    device.room("input", 16)
    cuda.full = True
    with pytest.raises(EdgeError, match=r"^cudaMalloc: out of memory \(CUDA error 2\)$"):
        device.room("input", 32)
    assert cuda.memory == {}
    cuda.full = False
    assert device.room("input", 16).size_bytes == 16


def test_a_call_that_gives_nothing_gives_nothing() -> None:
    device = Device(FakeCuda())
    assert device.ask("cudaStreamSynchronize", device.stream) is None
    device.cuda = SimpleNamespace(cudaThing=lambda: (0, 5))
    assert device.ask("cudaThing") == 5

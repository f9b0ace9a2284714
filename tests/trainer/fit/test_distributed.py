"""Processes share a batch evenly or not at all."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import distributed

from trainer.fit.distributed import Process, process_group, wrap

CPU = torch.device("cpu")


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be shared evenly to 3"):
        Process(rank=0, processes=3, device=torch.device("cpu")).share(8)


@given(processes=st.integers(1, 16), share=st.integers(1, 64))
def test_shares_of_all_processes_are_the_batch(processes: int, share: int) -> None:
    batch = processes * share
    shares = [Process(rank=n, processes=processes, device=CPU).share(batch) for n in range(processes)]
    assert shares == [share] * processes
    assert sum(shares) == batch
    assert [Process(rank=n, processes=processes, device=CPU).first for n in range(processes)].count(True) == 1


def test_without_torchrun_a_process_is_alone_and_its_network_is_not_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    network = torch.nn.Linear(1, 1)
    with process_group(CPU) as process:
        assert process == Process(rank=0, processes=1, device=CPU)
        assert wrap(network, process) is network
        assert not torch.distributed.is_initialized()


def test_a_group_ends_also_when_training_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two processes one is enough to see it: what is begun must be ended, or the next run hangs."""
    calls: list[str] = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(distributed, "init_process_group", lambda backend: calls.append(f"begin {backend}"))
    monkeypatch.setattr(distributed, "get_rank", lambda: 1)
    monkeypatch.setattr(distributed, "destroy_process_group", lambda: calls.append("end"))

    def train() -> None:
        with process_group(CPU) as process:
            assert (process.rank, process.processes, process.first) == (1, 2, False)
            raise ValueError("a damaged shard")

    with pytest.raises(ValueError, match="a damaged shard"):
        train()
    assert calls == ["begin gloo", "end"]

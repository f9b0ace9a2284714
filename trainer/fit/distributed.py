"""One process or many: what `torchrun` says of this one, and the network wrapped for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """This process among those of a run."""

    rank: int
    """Its number, from 0."""
    processes: int
    """How many there are."""
    device: torch.device
    """That it computes on."""

    @property
    def first(self) -> bool:
        """The one that writes."""
        return self.rank == 0

    def share(self, batch: int) -> int:
        """Samples of a batch that this process takes.

        Raises:
            ValueError: they cannot be shared evenly.
        """
        if batch % self.processes:
            raise ValueError(f"a batch of {batch} cannot be shared evenly to {self.processes} processes")
        return batch // self.processes


@contextmanager
def process_group(device: torch.device) -> Iterator[Process]:
    """Alone without torchrun; with it, one of WORLD_SIZE processes, each on its own GPU if there are GPUs."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes == 1:
        yield Process(rank=0, processes=1, device=device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Process(rank=distributed.get_rank(), processes=processes, device=device)
    finally:
        distributed.destroy_process_group()


def wrap(model: nn.Module, process: Process) -> nn.Module:
    """The network itself, or wrapped so that gradients are averaged over the processes."""
    if process.processes == 1:
        return model
    return DistributedDataParallel(model, device_ids=[process.device.index] if process.device.type == "cuda" else None)

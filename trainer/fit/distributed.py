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
class Place:
    """This process among those of a run."""

    rank: int
    processes: int
    device: torch.device

    @property
    def first(self) -> bool:
        """The one that writes."""
        return self.rank == 0

    def share(self, batch: int) -> int:
        """Samples of a batch that this process takes. Raises ValueError when they cannot be dealt evenly."""
        if batch % self.processes:
            raise ValueError(f"a batch of {batch} cannot be dealt evenly to {self.processes} processes")
        return batch // self.processes


@contextmanager
def place(device: torch.device) -> Iterator[Place]:
    """Alone without torchrun; with it, one of WORLD_SIZE processes, each on its own GPU if there are GPUs."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes == 1:
        yield Place(rank=0, processes=1, device=device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Place(rank=distributed.get_rank(), processes=processes, device=device)
    finally:
        distributed.destroy_process_group()


def spread(model: nn.Module, where: Place) -> nn.Module:
    """The network itself, or wrapped so that gradients are averaged over the processes."""
    if where.processes == 1:
        return model
    return DistributedDataParallel(model, device_ids=[where.device.index] if where.device.type == "cuda" else None)

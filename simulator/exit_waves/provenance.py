"""What made a wave, besides its recipe: versions, processor, threads. Bits are compared only where these agree."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch


def versions(device: torch.device) -> str:
    """What must be the same wherever shards of one store are made: the programs and the kind of device."""
    return f"beamside {version('beamside')}, torch {torch.__version__}, numpy {np.__version__}, {device.type}"


def made_by(device: torch.device) -> str:
    """All that a bit of a wave may depend on besides its recipe: versions, processor, threads of this process."""
    if device.type == "cuda":
        return f"{versions(device)}, {torch.cuda.get_device_name(device)}"
    processor = f"{_maker_of_the_processor()} {torch.backends.cpu.get_cpu_capability()}"
    return f"{versions(device)}, {processor}, threads {torch.get_num_threads()}"


def _maker_of_the_processor() -> str:
    """``GenuineIntel``, ``AuthenticAMD``, …: MKL chooses its code by it; the architecture where it is not known."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    makers = [line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")]
    return makers[0] if makers else platform.processor() or platform.machine()

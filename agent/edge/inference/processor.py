"""Which processor computes, and its instruction set, on which speed in 8 bit and the last bits of results depend."""

from __future__ import annotations

import platform
from collections.abc import Set
from dataclasses import dataclass

from archspec import cpu
from archspec.cpu.detect import detected_info

SETS = (
    ("avx512_vnni", "AVX-512 VNNI"),
    ("avx_vnni", "AVX-VNNI"),
    ("avx512f", "AVX-512"),
    ("avx2", "AVX2"),
    ("avx", "AVX"),
    ("asimddp", "NEON with dot products"),
    ("asimd", "NEON"),
)
"""Flag of the processor -> name, the best first. VNNI and dot products add 8-bit products without saturating."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """What results name, and what a stored speed belongs to."""

    name: str
    """As the processor calls itself."""
    instruction_set: str
    """The best one that ONNX Runtime's kernels are written for."""


def this_processor() -> Processor:
    """The processor that this process runs on (Linux: /proc/cpuinfo, Windows: CPUID, macOS: sysctl)."""
    found = detected_info()
    name = cpu.brand_string() or platform.processor() or platform.machine()
    return Processor(name=" ".join(name.split()), instruction_set=instruction_set(found.features, platform.machine()))


def instruction_set(flags: Set[str], machine: str) -> str:
    """The name of the best set among a processor's flags; the kind of machine where none is known."""
    return next((name for flag, name in SETS if flag in flags), machine)

"""The instruction set is the best one that the processor's own flags name."""

from __future__ import annotations

import pytest

from agent.edge.inference.processor import instruction_set, this_processor


@pytest.mark.parametrize(
    ("flags", "machine", "name"),
    [
        ({"sse2", "avx", "avx2", "avx512f", "avx512_vnni", "avx_vnni"}, "x86_64", "AVX-512 VNNI"),
        ({"avx", "avx2", "avx_vnni"}, "AMD64", "AVX-VNNI"),  # Alder Lake and later laptops
        ({"avx", "avx2", "avx512f"}, "x86_64", "AVX-512"),  # Skylake servers
        ({"avx", "avx2", "fma"}, "x86_64", "AVX2"),  # Haswell to Rocket Lake's elder sisters, Zen 1 to 3
        ({"asimd", "asimddp"}, "aarch64", "NEON with dot products"),
        (set(), "riscv64", "riscv64"),
    ],
)
def test_the_best_known_set_is_named_and_else_the_kind_of_machine(flags: set[str], machine: str, name: str) -> None:
    assert instruction_set(flags, machine) == name


def test_this_processor_has_a_name_and_an_instruction_set() -> None:
    found = this_processor()
    assert found.name
    assert found.name == found.name.strip()
    assert found.instruction_set

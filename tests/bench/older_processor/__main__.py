"""Run a command as on an older processor: `python -m tests.bench.older_processor avx2 COMMAND`.

`avx2` hides AVX-512 and every VNNI, `avx512` hides every VNNI, `avx-vnni` hides AVX-512 alone. Libraries then choose
the code that they choose on such a processor: results are that code's, times are this processor's times for it. Needs
Linux on x86-64, a C compiler, and a processor with the flag `cpuid_fault` (Intel since 2012). Programs that the command
starts are covered as well. beamside's caches are kept apart.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("cpuid.c")
AVX512 = {
    "avx512f": "0.1.16",
    "avx512dq": "0.1.17",
    "avx512ifma": "0.1.21",
    "avx512pf": "0.1.26",
    "avx512er": "0.1.27",
    "avx512cd": "0.1.28",
    "avx512bw": "0.1.30",
    "avx512vl": "0.1.31",
    "avx512vbmi": "0.2.1",
    "avx512_vbmi2": "0.2.6",
    "avx512_bitalg": "0.2.12",
    "avx512_vpopcntdq": "0.2.14",
    "avx512_4vnniw": "0.3.2",
    "avx512_4fmaps": "0.3.3",
    "avx512_vp2intersect": "0.3.8",
    "avx512_fp16": "0.3.23",
    "avx512_bf16": "1.0.5",
}
AVX512_VNNI = {"avx512_vnni": "0.2.11"}
AVX_VNNI = {"avx_vnni": "1.0.4"}
AMX = {"amx_bf16": "0.3.22", "amx_tile": "0.3.24", "amx_int8": "0.3.25"}
HIDDEN = {
    "avx2": AVX512 | AVX512_VNNI | AVX_VNNI | AMX,
    "avx512": AVX512_VNNI | AVX_VNNI | AMX,
    "avx-vnni": AVX512 | AVX512_VNNI | AMX,
}
"""Kind of processor -> flag of /proc/cpuinfo -> its bit of CPUID's leaf 7 (Intel's Software Developer's Manual, 2A)."""


def main(arguments: list[str]) -> int:
    if len(arguments) < 2 or arguments[0] not in HIDDEN:
        print(f"usage: python -m tests.bench.older_processor {{{','.join(HIDDEN)}}} COMMAND ...", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        try:
            environment = prepared(arguments[0], Path(scratch))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{SOURCE.name} cannot be compiled: {error}", file=sys.stderr)
            return 2
        return subprocess.run(arguments[1:], env={**os.environ, **environment}, check=False).returncode


def prepared(kind: str, scratch: Path) -> dict[str, str]:
    """The environment of the command; writes the compiled library and the other /proc/cpuinfo into `scratch`."""
    library, cpuinfo = scratch / "cpuid.so", scratch / "cpuinfo"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    cpuinfo.write_text(without(Path("/proc/cpuinfo").read_text("utf-8"), set(HIDDEN[kind])), "utf-8")
    return {
        "LD_PRELOAD": str(library),
        "BEAMSIDE_HIDE": " ".join(HIDDEN[kind].values()),
        "BEAMSIDE_CPUINFO": str(cpuinfo),
        "XDG_CACHE_HOME": str(scratch / "cache"),
    }


def without(cpuinfo: str, flags: set[str]) -> str:
    """The text of /proc/cpuinfo with some flags taken out."""
    lines = []
    for line in cpuinfo.splitlines():
        name, colon, value = line.partition(":")
        if name.strip() == "flags":
            line = f"{name}{colon} {' '.join(flag for flag in value.split() if flag not in flags)}"
        lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

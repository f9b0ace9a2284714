"""What depends on the machine, stage by stage: `python -m tests.bench.processors`.

Every stage of the product is computed four times in processes of their own: with one thread; the same again; with
as many threads as there are processors; and as on a processor without AVX-512 (`tests.bench.older_processor avx2`).
Each column is compared with the first run: the largest difference, and the share of the numbers that differ at all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.bench.processors.stages import STAGES, Stage

SAME = "equal to the bit"
OLDER = [sys.executable, "-m", "tests.bench.older_processor", "avx2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One way to compute everything."""

    title: str
    threads: int
    before: tuple[str, ...] = ()
    """What the command is put behind."""


def main() -> int:
    many = max(2, os.cpu_count() or 2)
    reference = Run(title="one thread", threads=1)
    others = (
        Run(title="the same again", threads=1),
        Run(title=f"{many} threads", threads=many),
        Run(title="without AVX-512", threads=1, before=tuple(OLDER)),
    )
    print(f"{processor()}; each column against a run of one thread on it")
    with tempfile.TemporaryDirectory() as scratch:
        first = run(reference, Path(scratch))
        columns = [run(other, Path(scratch)) for other in others]
    if isinstance(first, str):
        print(f"nothing to compare with: {first}", file=sys.stderr)
        return 1
    rows = [("stage", *(other.title for other in others))]
    for number, (name, stage) in enumerate(STAGES.items()):
        cells = ("not tried" if isinstance(column, str) else cell(stage, number, first, column) for column in columns)
        rows.append((name, *cells))
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        print(" | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    for other, column in zip(others, columns, strict=True):
        if isinstance(column, str):
            print(f"{other.title} was not tried: {column}")
    return 0


def run(how: Run, scratch: Path) -> dict[str, NDArray[Any]] | str:
    """Every array of every stage, or in a line why there is none."""
    out = scratch / f"{how.title}.npz"
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    done = subprocess.run(
        [*how.before, sys.executable, "-m", "tests.bench.processors.stages", str(out), str(how.threads)],
        env={**os.environ, **dict.fromkeys(names, str(how.threads))},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode or not out.exists():
        return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    with np.load(out) as file:
        return dict(file)


def cell(stage: Stage, number: int, first: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> str:
    """`SAME`, or how far the arrays of a stage are apart; what is NaN in both is the same."""
    keys = [key for key in {**first, **other} if key.startswith(f"{number}/")]
    pairs = [(first[key], other[key]) for key in keys if key in first and key in other]
    unlike = sum(one.shape != two.shape for one, two in pairs) + len(keys) - len(pairs)
    if unlike:
        return f"{unlike} of {len(keys)} of another shape"
    one, two = (np.concatenate([values.ravel() for values in side]) for side in zip(*pairs, strict=True))
    numbers = one.dtype.kind in "iufc"
    other_one = one != two
    if numbers:
        other_one &= ~(np.isnan(one) & np.isnan(two))
    if not other_one.any():
        return SAME
    if not (numbers and stage.unit):
        return f"{np.count_nonzero(other_one)} of {one.size} differ"
    wide = np.complex128 if one.dtype.kind == "c" else np.float64
    largest = float(np.abs(one[other_one].astype(wide) - two[other_one].astype(wide)).max())
    return f"{largest:.1e} {stage.unit} ({100 * other_one.mean():.3g} %)"


def processor() -> str:
    """As /proc/cpuinfo names it, where there is one."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else 'a processor without a name'}, {os.cpu_count()} of them"


if __name__ == "__main__":
    sys.exit(main())

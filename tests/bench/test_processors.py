"""The table of what depends on the machine: what a cell says of two results."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bench.processors.__main__ import SAME, cell
from tests.bench.processors.stages import Stage

NOTHING = Stage(make=list, unit="")
LENGTH = Stage(make=list, unit="nm")


@pytest.mark.parametrize(
    ("stage", "other", "told"),
    [
        (LENGTH, [1.0, np.nan], SAME),
        (LENGTH, [1.25, np.nan], "2.5e-01 nm (50 %)"),
        (LENGTH, [1.0], "1 of 1 of another shape"),
        (LENGTH, None, "1 of 1 of another shape"),
        (NOTHING, [2.0, 3.0], "2 of 2 differ"),
    ],
)
def test_a_cell_says_how_far_two_results_are_apart(stage: Stage, other: list[float] | None, told: str) -> None:
    first: dict[str, NDArray[np.float64]] = {"7/0": np.array([1.0, np.nan]), "17/0": np.zeros(3)}
    there = {"17/0": np.ones(3)} | ({} if other is None else {"7/0": np.array(other)})
    assert cell(stage, 7, first, there) == told


def test_counts_below_zero_are_not_wrapped_round() -> None:
    first, other = ({"0/0": np.array([n], dtype=np.uint16)} for n in (3, 5))
    assert cell(Stage(make=list, unit="counts"), 0, first, other) == "2.0e+00 counts (100 %)"

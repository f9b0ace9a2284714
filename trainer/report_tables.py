"""Numbers to Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.core.population import wilson


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; all columns but the first are set to the right.

    Raises:
        ValueError: a row has more or fewer cells than the head.
    """
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"a row needs {len(head)} cells, got {len(row)}: {row}")
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def percent(share: float) -> str:
    """One decimal; an em dash for NaN."""
    return "—" if np.isnan(share) else f"{100 * share:.1f}"


def accuracy_cells(right: NDArray[np.bool_], structures: NDArray[Any]) -> list[str]:
    """[accuracy in %, its 95 % interval, images, structures].

    Images of one structure are not independent: Wilson's interval takes the structures for the number of draws, which
    makes it too wide rather than too narrow.
    """
    images, draws = len(right), len(np.unique(structures))
    if not images:
        return ["—", "—", "0", "0"]
    share = float(right.mean())
    low, high = wilson(share * draws, draws)
    return [percent(share), f"{percent(low)}–{percent(high)}", f"{images:,}", f"{draws:,}"]


def picture(name: str, caption: str) -> str:
    """A picture of the folder `pictures` beside the report."""
    return f"![{caption}](pictures/{name})"

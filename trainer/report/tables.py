"""Numbers to Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.core.statistics.prevalence import wilson

ACCURACY_HEAD = ("accuracy, %", "95 % interval", "images", "structures")
"""Head of the cells that `accuracy_cells` gives."""
CONDITION_NAMES = {
    "dose_e_per_a2": "dose, e/Å²",
    "defocus_nm": "abs(defocus), nm",
    "diameter_nm": "diameter, nm",
    "pixel_size_nm": "pixel size, nm",
    "film_nm": "film, nm",
    "zone_deg": "angle to the nearest zone axis, °",
}
"""What a reader is shown of the metadata's columns."""


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
    """[accuracy in %, its 95 % interval, images, structures] of answers (n,) to views of structures (n,)."""
    if not len(right):
        return ["—", "—", "0", "0"]
    low, high = interval(right, structures)
    return [
        percent(float(right.mean())),
        f"{percent(low)}–{percent(high)}",
        f"{len(right):,}",
        f"{len(np.unique(structures)):,}",
    ]


def interval(right: NDArray[np.bool_], structures: NDArray[Any]) -> tuple[float, float]:
    """Wilson's 95 % interval of an accuracy; (0, 1) without images.

    Images of one structure are not independent: the structures are taken for the number of draws, which makes the
    interval too wide rather than too narrow.
    """
    draws = len(np.unique(structures))
    return wilson(float(right.mean()) * draws, draws) if draws else (0.0, 1.0)


def class_shares(right: NDArray[np.bool_], labels: NDArray[np.integer], classes: int) -> list[float]:
    """Accuracy of every class, from answers (n,) and labels (n,); NaN for one without images."""
    return [float(right[labels == n].mean()) if (labels == n).any() else float("nan") for n in range(classes)]


def picture(name: str, caption: str) -> str:
    """A picture of the folder `pictures` beside the report."""
    return f"![{caption}](pictures/{name})"

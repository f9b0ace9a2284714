"""Answers of a classifier made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.core.calibration import probabilities
from trainer.data.dataset import ROWS
from trainer.evaluation.predictions import Judgement


def rows_of(labels: Sequence[int], waves: Sequence[int] | None = None, **columns: object) -> dict[str, NDArray[Any]]:
    """A bank's rows; where nothing else is said each is a structure of its own, corrected, at 1000 e/Å²."""
    n = len(labels)
    rows: dict[str, NDArray[Any]] = {key: np.ones(n) for key in ROWS}
    rows["label"], rows["wave"] = np.array(labels), np.arange(n) if waves is None else np.array(waves)
    rows["element"] = np.full(n, "Au")
    rows["dose_e_per_a2"] = np.full(n, 1000.0)
    for key, value in columns.items():
        rows[key] = np.broadcast_to(np.asarray(value), n).copy()
    return rows


def sure(answers: Sequence[int], confidence: float | Sequence[float], classes: int = 2) -> NDArray[np.float64]:
    """(n, k): so much for each answer, the rest shared evenly."""
    named = np.broadcast_to(np.asarray(confidence, dtype=np.float64), len(answers))
    p = np.repeat(((1 - named) / (classes - 1))[:, None], classes, 1)
    p[np.arange(len(answers)), answers] = named
    return p


def judgement(
    p: NDArray[np.float64],
    rows: dict[str, NDArray[Any]],
    setting: Sequence[bool] | NDArray[np.bool_] | bool = False,
    *,
    threshold: float = 0.7,
    error_level: float = 0.10,
) -> Judgement:
    """A judgement whose temperature is one."""
    logits = np.log(np.clip(p, 1e-12, None))
    return Judgement(
        logits=logits,
        p=probabilities(logits, 1.0),
        rows=rows,
        setting=np.broadcast_to(np.asarray(setting), len(p)).copy(),
        temperature=1.0,
        threshold=threshold,
        error_level=error_level,
    )


def cells(text: str, first: str) -> list[list[str]]:
    """The other cells of every table line that begins so."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return [line[1:] for line in lines if line[0] == first]

"""The report's pictures: plain, small, each with its numbers in a table of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trainer.evaluation.calibration import ReliabilityBin

DPI = 90
INK, ACCENT, GREY = "#222222", "#1f6f8b", "#999999"


def _axes(width: float = 4.0, height: float = 3.2) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def confusion(path: Path, counts: NDArray[np.float64], classes: Sequence[str]) -> None:
    """Shares of the answers (columns) of each class (rows), from counts (k, k + 1)."""
    figure, axes = _axes(5.4, 4.2)
    # A class without images has an empty row.
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1e-12)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (y, x), share in np.ndenumerate(shares):
        axes.text(x, y, f"{100 * share:.0f}", ha="center", va="center", fontsize=9, color="w" if share > 0.5 else INK)
    names = [c.replace("_", "\n") for c in classes]
    axes.set_xticks(range(len(classes) + 1), [*names, "unknown"], rotation=30, fontsize=8)
    axes.set_yticks(range(len(classes)), names, fontsize=8)
    axes.set_xlabel("answer, % of the row", fontsize=9)
    axes.set_ylabel("true shape", fontsize=9)
    axes.spines[["left", "bottom"]].set_visible(False)
    _save(figure, path)


def reliability(path: Path, bins: Sequence[ReliabilityBin]) -> None:
    """Accuracy over confidence with Wilson's intervals."""
    figure, axes = _axes()
    x, y = np.array([b.confidence for b in bins]), np.array([b.accuracy for b in bins])
    error = np.array([[b.accuracy - b.low, b.high - b.accuracy] for b in bins]).clip(0).T
    axes.plot([0, 1], [0, 1], color=GREY, lw=1)
    axes.errorbar(x, y, error, fmt="o", ms=4, lw=1, color=ACCENT)
    axes.set(xlim=(0.15, 1.02), ylim=(0, 1.02))
    axes.set_xlabel("confidence", fontsize=9)
    axes.set_ylabel("accuracy", fontsize=9)
    _save(figure, path)


def risk_coverage(path: Path, curves: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]) -> None:
    """Accuracy (n,) of the answered over the share (n,) answered, one line per score."""
    figure, axes = _axes()
    for n, (name, (share, accuracy)) in enumerate(curves.items()):
        keep = share > 0.02
        axes.plot(share[keep], accuracy[keep], lw=1.6 if n == 0 else 0.9, label=name)
    axes.set_xlabel("share answered", fontsize=9)
    axes.set_ylabel("accuracy of the answers", fontsize=9)
    axes.legend(fontsize=8, frameon=False)
    _save(figure, path)


def curve(
    path: Path,
    label: str,
    values: Sequence[float],
    accuracy: Mapping[str, Sequence[float]],
    band: tuple[Sequence[float], Sequence[float]] | None = None,
    *,
    logarithmic: bool = False,
) -> None:
    """Accuracy over one condition, the first line with its interval."""
    figure, axes = _axes()
    if band is not None:
        axes.fill_between(values, *band, color=ACCENT, alpha=0.15, lw=0)
    for n, (name, line) in enumerate(accuracy.items()):
        axes.plot(values, line, marker="o", ms=3.5 if n == 0 else 2, lw=1.8 if n == 0 else 0.8, label=name)
    if logarithmic:
        axes.set_xscale("log")
    axes.set_xlabel(label, fontsize=9)
    axes.set_ylabel("accuracy", fontsize=9)
    axes.set_ylim(0, 1.02)
    if len(accuracy) > 1:
        axes.legend(fontsize=7, frameon=False, loc="lower right", ncols=2)
    _save(figure, path)

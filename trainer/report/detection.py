"""Sections of the report on finding: composed frames, real frames, and the published table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from torch import nn

from trainer.evaluation.frames import DOSE_BANDS, Comparison, together
from trainer.evaluation.published_unets import (
    DOSES_E_PER_A2,
    PERFECT,
    THEIRS_CDSE,
    THEIRS_SILVER_AT_300,
    SilverFrames,
    best_of_coarse,
    scores,
)
from trainer.report.tables import percent, table


def quantiles(values: Sequence[float], *, decimals: int = 2) -> str:
    """Median and 95th percentile of magnitudes."""
    if not values:
        return "—"
    middle, high = np.quantile(np.abs(values), [0.5, 0.95])
    return f"{middle:.{decimals}f} / {high:.{decimals}f}"


def simulated_section(by_band: Mapping[tuple[float, float], Comparison], uncorrected: Comparison) -> str:
    """F1, overlap, errors of place and size by dose; and the shapes that come out at the end of the pipeline."""
    named = {f"{low:g}–{high:g}": c for (low, high), c in by_band.items()}
    named["300 and more"] = together([by_band[band] for band in DOSE_BANDS if band[0] >= 300])
    named["all"] = together(list(by_band.values()))
    named["300–1000, without corrector"] = uncorrected
    found = table(
        ("dose, e/Å²", "frames", "particles", "found", "false", "F1", "F1 at IoU 0.5", "mask IoU"),
        [
            (name, c.frames, c.counted, c.found, c.false, f"{c.f1:.3f}", f"{c.f1_at_half_iou:.3f}", _mean(c.union_iou))
            for name, c in named.items()
        ],
    )
    errors = table(
        ("dose, e/Å²", "centre, nm", "diameter of the projection, nm", "its mean, nm", "diameter of equal volume, nm"),
        [
            (
                name,
                quantiles(c.centre_error_nm, decimals=3),
                quantiles(c.diameter_error_nm),
                f"{np.mean(c.diameter_error_nm):+.2f}" if c.diameter_error_nm else "—",
                quantiles(c.volume_diameter_error_nm),
            )
            for name, c in named.items()
        ],
    )
    shapes = table(
        ("dose, e/Å²", "whole particles", "named, %", "of the named right, %"),
        [(name, *_shapes(c)) for name, c in named.items()],
    )
    return "\n\n".join(
        [found, "Errors: median / 95th percentile of the magnitude.", errors, "The whole pipeline:", shapes]
    )


def _mean(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f}" if values else "—"


def _shapes(c: Comparison) -> tuple[str, str, str]:
    named = [(true, given) for true, given in c.answers if given != "unknown"]
    share = len(named) / len(c.answers) if c.answers else float("nan")
    right = float(np.mean([true == given for true, given in named])) if named else float("nan")
    return str(len(c.answers)), percent(share), percent(right)


def real_section(real: Comparison, vacuum: Mapping[float, Comparison]) -> str:
    """Real frames with hand masks, and real vacuum at pixel sizes it may have been taken at."""
    head = ("frames", "number", "particles", "found", "false", "F1", "F1 at IoU 0.5", "mask IoU")
    lines: list[tuple[object, ...]] = [
        (
            "real, hand masks",
            real.frames,
            real.counted,
            real.found,
            real.false,
            f"{real.f1:.3f}",
            f"{real.f1_at_half_iou:.3f}",
            _mean(real.union_iou),
        )
    ]
    for pixel_nm, c in vacuum.items():
        lines.append((f"real vacuum, as if {pixel_nm:g} nm/px", c.frames, 0, 0, c.false, "—", "—", "—"))
    return table(head, lines)


def published_section(detector: nn.Module, silver: SilverFrames) -> str:
    """Our one network beside their networks, a dose a column; lower is better."""
    found = scores(detector, silver).mean(0)
    floor = [float(np.mean([best_of_coarse(m) for m in masks])) for masks in (silver.their_mask, silver.our_mask)]
    lines: list[tuple[object, ...]] = [
        (f"their network trained at {dose}, CdSe", *(f"{s:.4f}" for s in row)) for dose, row in THEIRS_CDSE.items()
    ]
    blank = ["—"] * len(DOSES_E_PER_A2)
    blank[DOSES_E_PER_A2.index(300.0)] = f"{THEIRS_SILVER_AT_300:.4f}"
    lines.append(("their network trained at 300, silver 5–7 nm", *blank))
    lines.append(("our one network, silver 5–7 nm, their mask", *(f"{s:.4f}" for s in found[:, 0])))
    lines.append(("our one network, silver 5–7 nm, our mask", *(f"{s:.4f}" for s in found[:, 1])))
    lines.append(("the mask itself through our detector's pixels, theirs", *[f"{floor[0]:.4f}"] * len(blank)))
    lines.append(("the same, ours", *[f"{floor[1]:.4f}"] * len(blank)))
    return (
        table(("score at dose, e/Å²", *(f"{d:g}" for d in DOSES_E_PER_A2)), lines)
        + f"\n\n{silver.counts.shape[0]} frames, each at every dose. Score: cross-entropy less {PERFECT:.4f}."
    )

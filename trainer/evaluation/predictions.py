"""What the networks do on samples that they have not seen."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label
from torch import nn

from agent.core.calibration import probabilities
from agent.core.segmentation import find
from trainer.data.dataset import Maps, Patches, read_maps
from trainer.evaluation.calibration import coverage_at, expected_calibration_error, fit_temperature, threshold_for
from trainer.evaluation.matching import matched

BATCH = 64
CORRECTED_C3_NM = 1e5
"""Above this |C3| a microscope has no corrector: outside the envelope that calibration and aims are stated for."""
LEAST_DOSE_E_PER_A2 = 100.0
"""The envelope of shapes begins here; below, particles are only to be found."""


def logits_of(network: nn.Module, patches: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, k) for patches (n, p, p)."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(patches), BATCH):
            batch = torch.from_numpy(patches[start : start + BATCH].astype(np.float32))[:, None]
            parts.append(network(batch).double().numpy())
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """A classifier's calibrated answers to held-out patches."""

    logits: NDArray[np.float64]
    """(n, k)."""
    p: NDArray[np.float64]
    """(n, k), calibrated."""
    rows: dict[str, NDArray[Any]]
    """`trainer.data.dataset.ROWS`, (n,) each."""
    setting: NDArray[np.bool_]
    """(n,): of the half of the structures on which temperature and threshold were set."""
    temperature: float
    threshold: float
    error_level: float

    def measured(
        self, *, least_dose: float = LEAST_DOSE_E_PER_A2, corrected: bool = True
    ) -> tuple[NDArray[np.float64], dict[str, NDArray[Any]]]:
        """(probabilities, rows) of the other half: what has a class, by a microscope with or without a corrector."""
        return self.part(~self.setting & envelope(self.rows, least_dose=least_dose, corrected=corrected))

    def part(self, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.float64], dict[str, NDArray[Any]]]:
        """(probabilities, rows) of some patches."""
        return self.p[chosen], {key: column[chosen] for key, column in self.rows.items()}


def envelope(
    rows: dict[str, NDArray[Any]], *, least_dose: float = LEAST_DOSE_E_PER_A2, corrected: bool = True
) -> NDArray[np.bool_]:
    """Which rows have a class, enough dose, and a microscope with (or without) a corrector."""
    has_corrector = np.abs(rows["c3_nm"]) <= CORRECTED_C3_NM
    return np.asarray(
        (rows["label"] >= 0) & (rows["dose_e_per_a2"] >= least_dose) & (has_corrector == corrected), dtype=bool
    )


def judge(network: nn.Module, held_out: Patches, classes: int, error_level: float) -> Judgement:
    """Answers to a held-out bank; temperature and threshold are set on one half of its structures, on the envelope.

    Raises:
        ValueError: that half has no patch of the envelope.
    """
    rows = held_out.rows
    logits = logits_of(network, held_out.patches)
    setting = calibration_half(rows["wave"], classes)
    on = setting & envelope(rows)
    if not on.any():
        raise ValueError(f"none of {len(logits)} held-out patches is of the half that calibration is set on")
    temperature = fit_temperature(logits[on], rows["label"][on])
    p = probabilities(logits, temperature)
    return Judgement(
        logits=logits,
        p=p,
        rows=rows,
        setting=setting,
        temperature=temperature,
        threshold=threshold_for(p[on], rows["label"][on], rows["wave"][on], error_level),
        error_level=error_level,
    )


def calibration_half(waves: NDArray[np.integer], classes: int) -> NDArray[np.bool_]:
    """True for the half of the held-out structures on which temperature and threshold are set."""
    return np.asarray(waves // classes // 10 % 2 == 0)


def classifier_measures(p: NDArray[np.float64], rows: dict[str, NDArray[Any]]) -> dict[str, float]:
    """Accuracy, calibration and coverage of probabilities (n, k) of patches that have a class; and by condition."""
    labels = rows["label"]
    right = p.argmax(1) == labels
    measures = {
        "patches": float(len(labels)),
        "structures": float(len(np.unique(rows["wave"]))),
        "accuracy": float(right.mean()),
        "expected_calibration_error": expected_calibration_error(p, labels),
    }
    for level in (0.90, 0.95, 0.99):
        measures[f"coverage_at_{level:.2f}"] = coverage_at(p, labels, level)
    for key, edges in BINS.items():
        values = np.abs(rows[key])
        for low, high in itertools.pairwise(edges):
            inside = (values >= low) & (values < high)
            if inside.sum() >= 20:
                measures[f"accuracy_{key}_{low:g}_{high:g}"] = float(right[inside].mean())
    return {k: round(v, 4) for k, v in measures.items()}


BINS = {
    "dose_e_per_a2": (0, 100, 300, 1000, 3000, 20000),
    "defocus_nm": (0, 2.5, 5, 10, 15, 20.1),
    "diameter_nm": (3.5, 5, 6, 7, 8.3),
    "pixel_size_nm": (0.019, 0.03, 0.04, 0.05, 0.061),
    "film_nm": (0, 0.5, 2, 4, 6.1),
    "zone_deg": (0, 5, 10, 15, 30),
}
"""Edges of the tables; of the defocus, its magnitude."""


def class_accuracy(p: NDArray[np.float64], labels: NDArray[np.integer], classes: Sequence[str]) -> dict[str, float]:
    """Recall of every class."""
    return {c: round(float((p[labels == n].argmax(1) == n).mean()), 4) for n, c in enumerate(classes)}


def accuracy_of(p: NDArray[np.float64], labels: NDArray[np.integer]) -> float:
    """Share of rows whose likeliest class is the true one."""
    return float((p.argmax(1) == labels).mean())


def fused_views(
    p: NDArray[np.float64], rows: dict[str, NDArray[Any]], views: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(probabilities (s, k), labels (s,)) of every structure that has so many views: as many at random, fused as the
    agent fuses the sightings of a track (mean of the logarithms)."""
    order = rng.permutation(len(p))
    _, first, count = np.unique(rows["wave"][order], return_index=True, return_counts=True)
    by_wave = np.argsort(rows["wave"][order], kind="stable")
    starts = np.cumsum(count) - count
    chosen = order[by_wave[np.add.outer(starts[count >= views], np.arange(views))]]
    return (
        probabilities(np.log(np.clip(p, 1e-9, None))[chosen].mean(1), 1.0),
        rows["label"][order][first[count >= views]].astype(np.int64),
    )


def detector_measures(network: nn.Module, shards: Sequence[Path], threshold: float) -> dict[str, float]:
    """F1 by centres (within half the true diameter, one match each) and the mean IoU of the particle mask."""
    data = read_maps(shards)
    hits = found = wanted = 0
    overlaps: list[float] = []
    for n in range(len(data.channels)):
        truth = _truth(data, n)
        height, width = data.valid[n]
        side = (-height % 8, -width % 8)
        channels = data.channels[n, :, : height + side[0], : width + side[1]].astype(np.float32)
        with torch.inference_mode():
            maps = torch.sigmoid(network(torch.from_numpy(channels)[None]))[0].numpy()
        outlines = find(
            maps, 1.0, 0.24, (int(height), int(width)), threshold=threshold, smallest_nm=1.5, largest_nm=15.0
        )
        centres = [(o.y_px, o.x_px) for o in outlines]
        hits += len(matched(centres, [middle for middle, _ in truth], [diameter / 2 for _, diameter in truth]))
        found, wanted = found + len(outlines), wanted + len(truth)
        body, real = maps[0, :height, :width] > threshold, data.targets[n, 0, :height, :width] > 127
        if real.any():
            overlaps.append(float((body & real).sum() / (body | real).sum()))
    return {
        "frames": float(len(data.channels)),
        "particles": float(wanted),
        "f1": round(2 * hits / max(found + wanted, 1), 4),
        "mask_iou": round(float(np.mean(overlaps)), 4),
    }


def _truth(data: Maps, n: int) -> list[tuple[NDArray[np.float64], float]]:
    """(centre, diameter) of the true particles in map pixels: bodies parted by their borders."""
    height, width = data.valid[n]
    particle, centre, border = (data.targets[n, k, :height, :width].astype(np.int64) for k in range(3))
    parted, _ = label((particle > 127) & (border < 90) & (centre >= 0))
    found = []
    for number, box in enumerate(find_objects(parted), start=1):
        own = np.argwhere(parted[box] == number)
        diameter = 2 * float(np.sqrt(len(own) / np.pi))
        if diameter * 0.24 >= 1.5:
            found.append((own.mean(0) + np.array([box[0].start, box[1].start]), diameter))
    return found

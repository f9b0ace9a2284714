"""A classifier's answers to patches it has not seen, calibrated on one half of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from agent.core.calibration import probabilities
from trainer.data.dataset import Patches
from trainer.evaluation.calibration import fit_temperature
from trainer.evaluation.selective import threshold_for
from trainer.evaluation.splits import in_calibration_split

BATCH = 64
CORRECTED_C3_NM = 1e5
"""Above this |C3| a microscope has no corrector: outside the envelope that calibration and aims are stated for."""
LEAST_DOSE_E_PER_A2 = 100.0
"""The envelope of shapes begins here; below, particles are only to be found."""

Metadata = dict[str, NDArray[Any]]
"""What is known of n patches besides their pixels: the columns `trainer.data.dataset.METADATA`, (n,) each, by name."""

Answered = tuple[NDArray[np.float64], Metadata]
"""Calibrated probabilities (n, k) of patches, and their metadata."""


def logits_of(network: nn.Module, patches: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, k) for patches (n, p, p)."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(patches), BATCH):
            batch = torch.from_numpy(patches[start : start + BATCH].astype(np.float32))[:, None]
            parts.append(network(batch).double().numpy())
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """A classifier's calibrated answers to held-out patches."""

    logits: NDArray[np.float64]
    """(n, k)."""
    p: NDArray[np.float64]
    """(n, k), calibrated."""
    metadata: Metadata
    """Of the patches."""
    calibration: NDArray[np.bool_]
    """(n,): which patches are of the calibration split, on which temperature and threshold were set."""
    temperature: float
    """Logits are divided by it."""
    threshold: float
    """Confidence below which the answer is ``unknown``."""
    error_level: float
    """That the threshold was chosen for."""

    def test_split(self, *, least_dose: float = LEAST_DOSE_E_PER_A2, corrected: bool = True) -> Answered:
        """(probabilities (m, k), metadata) of the other half: what has a class, by a microscope with a corrector, or
        by one without."""
        return self.subset(~self.calibration & envelope(self.metadata, least_dose=least_dose, corrected=corrected))

    def subset(self, chosen: NDArray[np.bool_]) -> Answered:
        """(probabilities (m, k), metadata) of the patches chosen by a mask (n,)."""
        return self.p[chosen], {key: column[chosen] for key, column in self.metadata.items()}


def envelope(
    metadata: Metadata, *, least_dose: float = LEAST_DOSE_E_PER_A2, corrected: bool = True
) -> NDArray[np.bool_]:
    """(n,): which patches have a class, enough dose, and a microscope with (or without) a corrector."""
    has_corrector = np.abs(metadata["c3_nm"]) <= CORRECTED_C3_NM
    named = (metadata["label"] >= 0) & (metadata["dose_e_per_a2"] >= least_dose)
    return np.asarray(named & (has_corrector == corrected), dtype=bool)


def evaluate(network: nn.Module, held_out: Patches, classes: int, error_level: float) -> Predictions:
    """Answers to a held-out dataset; temperature and threshold are set on its calibration split, on the envelope.

    Args:
        network: patches (n, 1, p, p) to logits (n, classes).
        held_out: structures that training has not seen.
        classes: number of shape classes.
        error_level: share of wrong answers that the threshold promises to stay under.

    Raises:
        ValueError: the calibration split has no patch of the envelope.
    """
    metadata = held_out.metadata
    logits = logits_of(network, held_out.patches)
    calibration = in_calibration_split(metadata["wave"], classes)
    chosen = calibration & envelope(metadata)
    if not chosen.any():
        raise ValueError(f"none of {len(logits)} held-out patches is of the half that calibration is set on")
    labels, structures = metadata["label"][chosen], metadata["wave"][chosen]
    # First the temperature, then the threshold on the probabilities that it gives.
    temperature = fit_temperature(logits[chosen], labels)
    p = probabilities(logits, temperature)
    return Predictions(
        logits=logits,
        p=p,
        metadata=metadata,
        calibration=calibration,
        temperature=temperature,
        threshold=threshold_for(p[chosen], labels, structures, error_level),
        error_level=error_level,
    )

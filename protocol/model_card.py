"""What one must know of a network to use it rightly; lies beside the ONNX file as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """The promise of a network file. `agent.edge.inference.onnx` refuses a graph that does not match it."""

    name: str
    role: str
    """``detector`` or ``classifier``."""
    classes: tuple[str, ...]
    """Classifier: one per logit. Detector: its score maps (``particle``, ``centre``, ``border``)."""
    pixel_size_nm: float
    """Detector: of its input map. Classifier: of its patches."""
    patch_px: int
    """Side of a classifier's patch; for a detector, the divisor that both sides of its input must have."""
    channels: int
    normalisation: str
    """Name of the function of `agent.core` that made the input: ``channels-v1`` or ``patch-v1``."""
    model_sha256: str
    """Of the ONNX file."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """run, commit, recipe, exit_waves, date: what made the weights. Never empty in a shipped card."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """Measured on the held-out set, by name."""
    temperature: float = 1.0
    """Logits are divided by it before the softmax (Guo et al. 2017)."""
    threshold: float = 0.5
    """Classifier: confidence below which the answer is ``unknown``. Detector: of its particle map."""
    confusion: tuple[tuple[float, ...], ...] = ()
    """Classifier: row = true class, column = answer (classes, then ``unknown``); counts on the calibration split."""
    golden_sha256: str = ""
    """Of the golden file beside the network (`protocol.golden`); empty in cards made before there were any."""
    golden_tolerance: float = 0.0
    """Largest difference from the golden outputs at which a backend is believed: logits, or probabilities of maps."""
    extras: Mapping[str, Any] = field(default_factory=dict)

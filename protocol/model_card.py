"""What one must know of a network to use it rightly; lies beside the ONNX file as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from protocol.errors import ProtocolError
from protocol.input_geometry import ROLES, InputGeometry, Role

Precision = Literal["fp32", "fp16", "int8"]
"""How a network keeps its numbers: single precision, half precision, 8-bit integers."""

NOT_KNOWN = "unknown"
"""Stands where provenance cannot be told: no git, no date on an old card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What made the weights. A card without a run is refused."""

    run: str
    """The script of trainer/runs, or a sentence."""
    commit: str = NOT_KNOWN
    """Of the repository at export, with ``-dirty`` where files differed from it."""
    recipes: tuple[str, ...] = ()
    """Digests of the recipes of exit waves behind the training data; empty where the datasets do not say."""
    mixture: str = NOT_KNOWN
    """Name and digest of the mixture of datasets, or the folder of the one dataset."""
    exit_waves: int | None = None
    """Number of distinct exit waves that training has seen."""
    date: str = NOT_KNOWN
    """Of the export, UTC, ``2026-11-26T13:30:00Z``."""
    steps: int | None = None
    """Of the last run of the optimiser."""
    error_level: float | None = None
    """Classifier: share of wrong answers that its threshold was chosen for."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Whatever else an older card said."""

    def __post_init__(self) -> None:
        """Check that there is a run.

        Raises:
            ProtocolError: there is none.
        """
        if not self.run:
            raise ProtocolError("provenance is empty; a card says what run made its weights")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """The signature of a network file. `agent.edge.inference` refuses a graph that does not match it."""

    name: str
    """Of the training run's result, as ``fourth``."""
    version: str = ""
    """Of the released model, as ``4``; empty for what was never released."""
    role: Role
    """What the network is for."""
    classes: tuple[str, ...]
    """Classifier: one per logit. Detector: its score maps (``particle``, ``centre``, ``border``)."""
    geometry: InputGeometry
    """Of the input."""
    channels: int
    """Of the input."""
    model_sha256: str
    """Of the ONNX file, which holds every byte that is loaded."""
    provenance: Provenance
    """What made the weights."""
    precision: Precision = "fp32"
    """Of the network's numbers in this file."""
    made_of_sha256: str = ""
    """Of a compressed network: the hash of the full network's ONNX file, ROLE.onnx. Empty for a full one."""
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

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            ProtocolError: naming the field at fault.
        """
        if self.role not in ROLES:
            raise ProtocolError(f"role must be {' or '.join(ROLES)}, got {self.role!r}")
        if not (self.channels > 0 and 0 < self.temperature < math.inf):
            raise ProtocolError(
                f"channels and temperature must be positive, got {self.channels} and {self.temperature}"
            )
        if not 0 <= self.threshold <= 1:
            raise ProtocolError(f"threshold must be 0 to 1, got {self.threshold}")
        if self.golden_sha256 and not 0 < self.golden_tolerance < math.inf:
            raise ProtocolError(f"golden outputs need a golden_tolerance above zero, got {self.golden_tolerance!r}")

    @property
    def label(self) -> str:
        """What a user is shown: ``model 4``, or the name of what was never released."""
        return f"model {self.version}" if self.version else self.name

"""What one must know of a network to use it rightly; lies beside the ONNX file as JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from protocol.errors import ProtocolError
from protocol.input_geometry import ROLES, InputGeometry, Role
from protocol.labels import UNKNOWN

Precision = Literal["fp32", "fp16", "int8"]
"""How a network keeps its numbers: single precision, half precision, 8-bit integers."""

CLASS_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""What a class may be called: it is a key of files and is printed in terminals."""

ROUNDED = 1e-3
"""Cards are written with few digits; a tolerance may be so much larger than the rule says, relatively."""
MOST_CHANGE = 0.02
"""A machine is believed whose own arithmetic moves no probability by more. Of the shipped networks, half precision
moves logits by 0.005, a fifth of what this allows; saturating sums move the detector's probabilities by 0.06."""
MOST_CHANGE_8_BIT = 0.08
"""The same for the logits of an 8-bit classifier. Whoever rounds its 256 levels at other places is right as well and
moves logits by 0.05 (tests/saturating.py), half of what this allows; saturating sums move them by 0.76."""

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
        self._check_classes()
        self._check_confusion()
        largest = self.largest_tolerance
        if self.golden_sha256 and not 0 < self.golden_tolerance <= largest * (1 + ROUNDED):
            raise ProtocolError(
                f"golden outputs need a golden_tolerance above zero and at most {largest:g}, "
                f"got {self.golden_tolerance!r}"
            )

    @property
    def largest_tolerance(self) -> float:
        """The golden tolerance that moves no probability by more than is allowed; no card may allow a machine more.

        A detector's outputs are probabilities. Logits of a classifier that change by up to t move a probability p of
        softmax(z / T) by at most p (1 - p) 2 t / T, which is t / (2 T) where it is largest.
        """
        if self.role == "detector":
            return MOST_CHANGE
        return 2 * self.temperature * (MOST_CHANGE_8_BIT if self.precision == "int8" else MOST_CHANGE)

    def _check_classes(self) -> None:
        wrong = [name for name in self.classes if not CLASS_NAME.fullmatch(name) or name == UNKNOWN]
        if not self.classes or wrong or len(set(self.classes)) < len(self.classes):
            shown = ", ".join(ascii(name[:40]) for name in (wrong or self.classes))
            raise ProtocolError(
                f"classes are different words of letters, digits, _ and - (not {UNKNOWN!r}), got {shown or 'none'}"
            )

    def _check_confusion(self) -> None:
        if not self.confusion:
            return
        sides = len(self.classes), len(self.classes) + 1
        good = len(self.confusion) == sides[0] and all(
            len(row) == sides[1] and all(0 <= n < 1e12 for n in row) and sum(row) > 0 for row in self.confusion
        )
        if not good:
            shown = f"{self.confusion!r}"[:200]
            raise ProtocolError(
                f"confusion is {sides[0]} rows of {sides[1]} counts, none negative and no row empty, got {shown}"
            )

    @property
    def label(self) -> str:
        """What a user is shown: ``model 4``, or the name of what was never released."""
        return f"model {self.version}" if self.version else self.name

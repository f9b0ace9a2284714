"""Which files of a model folder may serve: ``classifier.onnx``, and a lighter one beside it that costs no accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.edge.errors import EdgeError
from agent.edge.inference.onnx import read_card
from protocol.model_card import ModelCard

PRECISIONS = ("auto", "fp32", "fp16", "int8")
ROLES = ("detector", "classifier")
LOSS_POINTS = 0.5
"""Largest loss of accuracy, in percentage points, that ``auto`` takes for speed."""
LOSS_MEASURE = "accuracy_loss_points"
"""Of a lighter network's card: measured against the network that it was made of, on the held-out set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A network file, its card, and how its numbers are kept."""

    path: Path
    card: ModelCard
    precision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The files that may serve a role, the preferred one first."""

    files: tuple[ModelFile, ...]
    passed_over: str = ""
    """Why a lighter file that is there is none of them; empty when there is none, or when it is."""


def candidates(folder: Path, role: str, precision: str, *, lighter: str) -> Candidates:
    """The files of a role. For ``auto`` the one of precision `lighter` comes first, where its card allows it.

    Raises:
        EdgeError: a file is missing, is not what its card says, or `precision` is unknown.
    """
    if precision not in PRECISIONS:
        raise EdgeError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if precision not in ("auto", "fp32"):
        return Candidates(files=(_file(folder, role, precision),))
    full = _file(folder, role, "fp32")
    if precision == "fp32" or not _path(folder, role, lighter).exists():
        return Candidates(files=(full,))
    light = _file(folder, role, lighter)
    if reason := _against(light.card, full.card):
        return Candidates(files=(full,), passed_over=f"{light.path.name}: {reason}")
    return Candidates(files=(light, full))


def _file(folder: Path, role: str, precision: str) -> ModelFile:
    path = _path(folder, role, precision)
    card = read_card(path.with_suffix(".json"))
    if card.role != role:
        raise EdgeError(f"{path.with_suffix('.json')} is the card of a {card.role}")
    return ModelFile(path=path, card=card, precision=precision)


def _path(folder: Path, role: str, precision: str) -> Path:
    return folder / (f"{role}.onnx" if precision == "fp32" else f"{role}.{precision}.onnx")


def _against(light: ModelCard, full: ModelCard) -> str:
    if light.extras.get("made_of_sha256") != full.model_sha256:
        return "it was made of another network than the one beside it"
    loss_points = light.measures.get(LOSS_MEASURE)
    if loss_points is None:
        return f"its card has no {LOSS_MEASURE}"
    if not loss_points <= LOSS_POINTS:
        return f"it loses {loss_points:g} points of accuracy, more than {LOSS_POINTS:g}"
    if not light.golden_sha256:
        return "its card has no golden outputs to check it by; make it again with `beamside-train lighten`"
    return ""

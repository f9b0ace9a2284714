"""The networks of a model folder: read once, held to their cards, and which of them may serve.

`protocol.model_folder` is the contract that the trainer wrote the folder by.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from agent.core.preprocessing.versions import check_preprocessing
from agent.edge.errors import EdgeError
from agent.edge.inference.external_data import check_self_contained
from protocol.errors import ProtocolError
from protocol.input_geometry import Role
from protocol.model_card import ModelCard, Precision
from protocol.model_card_json import card_from_json
from protocol.model_folder import FULL, PRECISIONS, card_name, check_card, network_name, why_not_instead

AUTO = "auto"
CHOICES = (AUTO, *PRECISIONS)
"""What a user may ask for."""
MAX_NETWORK_BYTES = 2**31 - 1
"""No protobuf message may be larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A network file as it was read, and its card."""

    path: Path
    """Where it was read from; for texts, nothing reads it again."""
    card: ModelCard
    """What it promises; `content` was compared with its hash."""
    content: bytes = field(repr=False)
    """The very bytes that the card's hash was compared with; every backend opens these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The files that may serve a role, the preferred one first."""

    files: tuple[ModelFile, ...]
    """One, or the compressed one and then the full one."""
    passed_over: str = ""
    """Why a compressed file that is there is none of them; empty when there is none, or when it is."""


def candidates(folder: Path, role: Role, precision: str, *, compressed: Precision) -> Candidates:
    """The files of a role. For ``auto`` the one of precision `compressed` comes first, where its card allows it.

    Raises:
        EdgeError: a file is missing, is not what its card says, or `precision` is unknown.
    """
    # A precision that was asked for by name is that file or an error; only `auto` has a choice.
    asked = next((known for known in PRECISIONS if known == precision), None)
    if asked is None and precision != AUTO:
        raise EdgeError(f"precision must be one of {', '.join(CHOICES)}, got {precision!r}")
    if asked is not None and asked != FULL:
        return Candidates(files=(read_model(folder, role, asked),))
    # The compressed one is looked at beside the full one, of which its card must say that it was made.
    full = read_model(folder, role, FULL)
    if asked == FULL or not (folder / network_name(role, compressed)).exists():
        return Candidates(files=(full,))
    small = read_model(folder, role, compressed)
    if reason := why_not_instead(small.card, full.card):
        return Candidates(files=(full,), passed_over=f"{small.path.name}: {reason}")
    return Candidates(files=(small, full))


def read_model(folder: Path, role: Role, precision: Precision = FULL) -> ModelFile:
    """One network and its card.

    Raises:
        EdgeError: a file is missing or unreadable; the card is for another file, role or precision; the network was
            trained on another preprocessing than this version's; or the hash does not cover all of it.
    """
    path, card_path = folder / network_name(role, precision), folder / card_name(role, precision)
    # The card first: what it is for, and whether its preprocessing is ours. Then the bytes, once.
    try:
        card = card_from_json(card_path.read_text(encoding="utf-8"))
        check_card(card, role, precision)
        check_preprocessing(role, card.geometry)
        if (size := path.stat().st_size) > MAX_NETWORK_BYTES:
            raise EdgeError(f"{path}: at most {MAX_NETWORK_BYTES} bytes are read, it has {size}")
        content = path.read_bytes()
    except OSError as error:
        raise EdgeError(f"{error.filename}: {error.strerror}; a model is a .onnx file and a .json card") from error
    except (ProtocolError, UnicodeDecodeError) as error:
        raise EdgeError(f"{card_path}: {error}") from error
    # The bytes are those that were measured, and nothing outside of them is loaded.
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.model_sha256:
        raise EdgeError(
            f"{card_path}: the card is for {card.model_sha256[:12]}…, the network beside it is {digest[:12]}…"
        )
    try:
        check_self_contained(content)
    except EdgeError as error:
        raise EdgeError(f"{path}: {error}") from error
    return ModelFile(path=path, card=card, content=content)

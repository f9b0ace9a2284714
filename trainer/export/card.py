"""Cards of a model folder: read, written, and dated."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from protocol.input_geometry import Role
from protocol.model_card import NOT_KNOWN, ModelCard
from protocol.model_card_json import card_from_json, card_to_json
from protocol.model_folder import card_name

GIT_SECONDS = 10


def read_full_card(folder: Path, role: Role) -> ModelCard:
    """The card of a folder's full network.

    Raises:
        OSError: there is none.
        ProtocolError: it is damaged.
    """
    return card_from_json((folder / card_name(role)).read_text(encoding="utf-8"))


def write_card(folder: Path, card: ModelCard) -> ModelCard:
    """Write a card under the name that its role and precision have; returns it.

    Raises:
        ValueError: a measure is no finite number.
        OSError: it cannot be written.
    """
    refuse_non_numbers(card.role, card.measures)
    (folder / card_name(card.role, card.precision)).write_text(card_to_json(card), encoding="utf-8")
    return card


def refuse_non_numbers(role: str, measures: Mapping[str, float]) -> None:
    """Refuse measures that say nothing: the mean of no samples is NaN, and no card may promise it.

    Raises:
        ValueError: one is no finite number; the text names all that are not.
    """
    if unfit := sorted(name for name, value in measures.items() if not math.isfinite(value)):
        raise ValueError(f"measures of the {role} are no finite numbers: {', '.join(unfit)}")


def commit_of(source: Path) -> str:
    """The commit of the repository that tracks a file, ``-dirty`` behind it where tracked files differ from it.

    `NOT_KNOWN` without git, and for a file that lies inside a repository of somebody else, as an installed one may.
    """
    if _git(source.parent, "ls-files", "--error-unmatch", source.name) is None:
        return NOT_KNOWN
    return _git(source.parent, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*") or NOT_KNOWN


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says; None where it is not there, refuses or takes too long."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=GIT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def date_text(now: datetime) -> str:
    """``2026-11-26T13:30:00Z`` of a time that knows its zone.

    Raises:
        ValueError: it does not know its zone.
    """
    if now.utcoffset() is None:
        raise ValueError(f"a time with its zone was promised, got {now}")
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

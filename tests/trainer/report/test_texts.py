"""The printed report holds the sentences that the command prints today."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.report import texts

REPORT = Path(texts.__file__).parents[1] / "REPORT.md"
NAMES = [name for name in vars(texts) if name.isupper()]


@pytest.mark.parametrize("name", NAMES)
def test_a_text_of_the_command_stands_in_the_report(name: str) -> None:
    assert getattr(texts, name).strip() in REPORT.read_text(encoding="utf-8")


def test_every_text_is_told_by_a_line_of_120_characters_at_most() -> None:
    assert {len(line) for name in NAMES for line in getattr(texts, name).splitlines()} <= set(range(121))

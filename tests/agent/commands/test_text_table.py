"""A snapshot as text."""

from __future__ import annotations

from dataclasses import replace

from agent.commands.text_table import text_table
from tests.examples import CLASSES, snapshot


def test_every_class_has_a_line_under_the_counts() -> None:
    lines = text_table(snapshot()).splitlines()
    assert lines[0].startswith(
        "120 particles (each counted once), 7 more cut by the border (not counted), in 90 of 100 frames; "
    )
    assert [line.split()[0] for line in lines[2:]] == [*CLASSES, "unknown"]


def test_warnings_and_problems_stand_at_the_end() -> None:
    source = snapshot()
    health = replace(source.health, warnings=("it is not checked",), last_problem="frame 3 is dark")
    assert text_table(replace(source, health=health)).splitlines()[-2:] == [
        "  model: it is not checked",
        "  problem: frame 3 is dark",
    ]

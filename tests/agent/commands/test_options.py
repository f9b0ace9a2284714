"""The file first, then what was typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli import _parser
from agent.commands.options import settings_of
from agent.edge.errors import EdgeError
from agent.edge.settings import Settings


def test_what_is_typed_wins_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('threshold = 0.9\nrun = "from the file"\n', encoding="utf-8")
    options = _parser().parse_args(
        ["daemon", "--config", str(path), "--threshold", "0.8", "--wire", "karabo-bridge-2.2"]
    )
    settings = settings_of(options)
    assert (settings.threshold, settings.run, settings.socket) == (0.8, "from the file", Settings().socket)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["--pixel-size-nm", "0"], r"pixel_size_nm: 0\.001 to 1 was promised, got 0\.0"),
        (["--threshold", "2"], "threshold: 0 to 1 was promised"),
        (["--socket", "PAIR"], "socket: one of SUB, PULL, REQ"),
    ],
)
def test_what_is_typed_wrongly_is_named(typed: list[str], message: str) -> None:
    with pytest.raises(EdgeError, match=message):
        settings_of(_parser().parse_args(["live", *typed]))


@pytest.mark.parametrize("name", ["build-plans", "build-engine"])
def test_the_plans_are_built_under_the_new_name_and_the_old(name: str) -> None:
    assert _parser().parse_args([name]).command is _parser().parse_args(["build-plans"]).command

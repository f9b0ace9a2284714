"""The parser: every verb is there, old names still work, and a fault is one line and the exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli import main

VERBS = ("live", "daemon", "replay", "dashboard", "record", "analyse", "demo", "build-plans", "build-engine")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert "usage: beamside" in capsys.readouterr().out


def test_a_verb_that_there_is_not_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["analyze-everything"])
    assert ended.value.code == 2
    assert "analyze-everything" in capsys.readouterr().err


def test_a_fault_is_one_line_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path / "none.beamside"), "--models", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("beamside: ")

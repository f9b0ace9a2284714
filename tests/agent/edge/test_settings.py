"""Settings: typed, bounded, and nothing unknown."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from agent.edge.errors import EdgeError
from agent.edge.settings import Settings, changed, load_settings
from protocol.errors import ProtocolError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "unknown keys colour"),
        ("endpoint = 5", "endpoint: str was promised, got 5"),
        ("pixel_size_nm = -1.0", "0.001 to 1"),
        ("threshold = 'x'", "threshold: float was promised"),
        ("endpoint =", "Invalid value"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EdgeError, match=message):
        load_settings(path)


def test_the_shipped_settings_are_settings() -> None:
    assert load_settings(Path(__file__).parents[3] / "deploy" / "agent.toml").socket == "SUB"


def test_the_shipped_file_explains_every_key_and_states_its_default() -> None:
    text = (Path(__file__).parents[3] / "deploy" / "agent.toml").read_text(encoding="utf-8")
    explained = dict(re.findall(r"^(?:# )?([a-z_]+) = (\S+) +# \S", text, re.MULTILINE))
    assert list(explained) == [f.name for f in dataclasses.fields(Settings)]
    for name, value in tomllib.loads(text).items():
        assert value == getattr(Settings(), name), name


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": 1.5}, "command line: threshold: 0 to 1 was promised, got 1.5"),
        ({"socket": "PAIR"}, "command line: socket: one of SUB, PULL, REQ was promised, got 'PAIR'"),
        ({"threads": -1}, "command line: threads: 0 to 1024 was promised"),
    ],
)
def test_the_command_line_is_held_to_the_same_bounds(given: dict[str, object], message: str) -> None:
    with pytest.raises(EdgeError, match=message):
        changed(Settings(), given)


def test_settings_out_of_bounds_cannot_be_built() -> None:
    with pytest.raises(ProtocolError, match=r"pixel_size_nm: 0\.001 to 1 was promised"):
        Settings(pixel_size_nm=0.0)

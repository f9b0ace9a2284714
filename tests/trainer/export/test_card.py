"""Cards are written where the contract says, with the commit and the date of their export."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ProtocolError
from protocol.model_card import NOT_KNOWN, Precision
from protocol.model_card_json import card_from_json
from protocol.model_folder import PRECISIONS, card_name
from tests.fakes import fake_networks
from trainer.export.card import commit_of, date_text, read_full_card, write_card


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_commit_is_that_of_the_sources_and_says_when_they_differ_from_it(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("one", "utf-8")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    assert commit_of(file) == git(tmp_path, "rev-parse", "HEAD")
    file.write_text("two", "utf-8")
    assert commit_of(file) == git(tmp_path, "rev-parse", "HEAD") + "-dirty"
    installed = tmp_path / "b.py"
    installed.write_text("of another repository, only lying here", "utf-8")
    assert commit_of(installed) == NOT_KNOWN


def test_without_git_the_commit_is_said_to_be_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    file = tmp_path / "a.py"
    file.write_text("one", "utf-8")
    assert commit_of(file) == NOT_KNOWN
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(file) == NOT_KNOWN


def test_a_date_is_in_utc_and_to_the_second() -> None:
    there = datetime(2026, 11, 26, 15, 30, 7, 999, tzinfo=timezone(timedelta(hours=2)))
    assert date_text(there) == "2026-11-26T13:30:07Z"
    assert date_text(there.astimezone(UTC)) == "2026-11-26T13:30:07Z"
    with pytest.raises(ValueError, match="a time with its zone was promised"):
        date_text(datetime(2026, 11, 26))


def test_a_card_lies_under_the_name_of_its_role(tmp_path: Path) -> None:
    card = write_card(tmp_path, fake_networks().detector_card)
    assert [path.name for path in tmp_path.iterdir()] == ["detector.json"]
    assert read_full_card(tmp_path, "detector") == card


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_measure_that_is_no_number_reaches_no_card(value: float, tmp_path: Path) -> None:
    """JSON has no NaN: other readers would refuse the whole card, and a comparison with it is never true."""
    card = replace(fake_networks().classifier_card, measures={"accuracy": 0.9, "recall_rod": value, "f1": value})
    with pytest.raises(ValueError, match="measures of the classifier are no finite numbers: f1, recall_rod"):
        write_card(tmp_path, card)
    assert not list(tmp_path.iterdir())


@given(
    measures=st.dictionaries(st.text(min_size=1, max_size=12), st.floats(allow_nan=False, allow_infinity=False)),
    precision=st.sampled_from(PRECISIONS),
)
def test_a_card_reads_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, measures: dict[str, float], precision: Precision
) -> None:
    folder = tmp_path_factory.mktemp("models")
    card = replace(fake_networks().classifier_card, measures=measures, precision=precision)
    write_card(folder, card)
    text = (folder / card_name("classifier", precision)).read_text("utf-8")
    assert card_from_json(text) == card
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_cards_of_every_precision_lie_beside_each_other(tmp_path: Path) -> None:
    full = fake_networks().classifier_card
    for precision in PRECISIONS:
        write_card(tmp_path, replace(full, precision=precision))
    assert len(list(tmp_path.iterdir())) == len(PRECISIONS)
    assert read_full_card(tmp_path, "classifier").precision == "fp32"
    with pytest.raises(FileNotFoundError):
        read_full_card(tmp_path, "detector")


def test_a_damaged_card_is_a_protocol_error(tmp_path: Path) -> None:
    (tmp_path / "detector.json").write_text("{", "utf-8")
    with pytest.raises(ProtocolError, match="model card: not JSON"):
        read_full_card(tmp_path, "detector")

"""A file that is no checkpoint, or that says what cannot be understood, is named."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from protocol.input_geometry import ROLES, Role
from tests.trainer.striped import config
from trainer.data.description import LegacyWarning
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.fit.checkpoint import TrainingData, load, plain_data, save, training_data
from trainer.fit.train import trained


def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    save(tmp_path / "x.pt", {"weights": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"x\.pt is no checkpoint"):
        load(tmp_path / "x.pt")


def test_training_data_that_cannot_be_understood_are_named(tmp_path: Path) -> None:
    state = {"config": {"role": "classifier"}, "data": {"geometry": {"patch_px": 0}}}
    with pytest.raises(ValueError, match=r"x\.pt: training data: "):
        training_data(tmp_path / "x.pt", state)


STATE = {"config": {"role": "classifier"}, "average": {"w": torch.arange(6.0)}, "step": 3}


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def a_text(path: Path) -> None:
    path.write_bytes(b"hello" * 50)


def with_code_in_it(path: Path) -> None:
    """A pickle may run anything when it is loaded, so none but plain values is."""
    path.write_bytes(pickle.dumps(Path))


def of_a_class(path: Path) -> None:
    torch.save(torch.nn.Linear(1, 1), path)


def whose_configuration_is_none(path: Path) -> None:
    torch.save({**STATE, "config": 3}, path)


@pytest.mark.filterwarnings("ignore:.*weights_only.*")
@pytest.mark.parametrize(
    "damage", [cut_short, emptied, a_text, with_code_in_it, of_a_class, whose_configuration_is_none]
)
def test_what_is_no_whole_checkpoint_is_refused_by_its_name(damage: Callable[[Path], None], tmp_path: Path) -> None:
    save(tmp_path / "x.pt", STATE)
    damage(tmp_path / "x.pt")
    with pytest.raises(ValueError, match=r"x\.pt is no checkpoint of beamside-train"):
        load(tmp_path / "x.pt")


def test_a_checkpoint_that_is_not_there_is_not_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "x.pt")


def test_a_run_that_is_killed_while_it_saves_finds_its_previous_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "run" / "x.pt", STATE)

    def killed(state: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "run" / "x.pt", {**STATE, "step": 4})
    assert load(tmp_path / "run" / "x.pt")["step"] == 3


def test_training_data_read_back_as_they_were_saved(tmp_path: Path) -> None:
    data = TrainingData(geometry=LEGACY_GEOMETRY.detector, recipes=("ab", "cd"), mixtures=("one", "two"))
    save(tmp_path / "x.pt", {**STATE, "data": plain_data(data)})
    assert training_data(tmp_path / "x.pt", load(tmp_path / "x.pt")) == data


@pytest.mark.parametrize("role", ROLES)
def test_a_checkpoint_that_says_nothing_is_taken_for_an_old_one_of_its_role(role: Role, tmp_path: Path) -> None:
    with pytest.warns(LegacyWarning, match=r"x\.pt does not say its geometry"):
        found = training_data(tmp_path / "x.pt", {"config": {"role": role}})
    assert found == TrainingData(geometry=LEGACY_GEOMETRY.of(role))


@pytest.mark.parametrize("changes", [{"lr": 1}, {"role": None}])
def test_a_configuration_of_another_version_is_refused_and_not_guessed(
    changes: dict[str, object], tmp_path: Path
) -> None:
    """An unknown setting, or a missing one: the text names it."""
    plain = {**asdict(config()), "classes": list(config().classes), **changes}
    save(tmp_path / "x.pt", {**STATE, "config": {key: value for key, value in plain.items() if value is not None}})
    with pytest.raises(ValueError, match=rf"x\.pt: its configuration cannot be understood: .*'{next(iter(changes))}'"):
        trained(tmp_path / "x.pt")

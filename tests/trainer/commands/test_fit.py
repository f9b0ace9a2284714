"""The verb `fit`: which shards are trained on, and a run from its plan to a checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.striped import config
from trainer.commands.fit import FitPlan, run_fit, training_set
from trainer.data.dataset import shard_path
from trainer.fit.schedule import Schedule
from trainer.fit.train import trained


def plan(bank: Path, out: Path, **changes: object) -> FitPlan:
    values: dict[str, object] = {
        "config": config(),
        "schedule": Schedule(steps=1, decay=0),
        "training_set": training_set(bank, None, 3),
        "out": out,
        **changes,
    }
    return FitPlan(**values)  # type: ignore[arg-type]


def test_a_plan_becomes_a_checkpoint_in_a_folder_that_was_not_there(
    bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    run_fit(plan(bank, tmp_path / "runs" / "new" / "c.pt"))
    assert trained(tmp_path / "runs" / "new" / "c.pt").steps == 1
    run_fit(plan(bank, tmp_path / "d.pt", start=tmp_path / "runs" / "new" / "c.pt", check=bank))
    assert trained(tmp_path / "d.pt").data.mixtures == ("bank", "bank")


def test_a_start_that_is_not_there_is_said_before_a_step_is_made(bank: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pt"):
        run_fit(plan(bank, tmp_path / "c.pt", start=tmp_path / "nowhere.pt"))
    assert not (tmp_path / "c.pt").exists()


def test_a_held_out_dataset_without_shards_is_said_before_a_step_is_made(bank: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"empty holds no shard-\*\.npz"):
        run_fit(plan(bank, tmp_path / "c.pt", check=tmp_path / "empty"))
    assert not (tmp_path / "c.pt").exists()


@given(shards=st.integers(0, 300))
def test_a_dataset_gives_its_first_shards_made_or_still_to_come(shards: int) -> None:
    found = training_set(Path("data/train"), None, shards)
    assert list(found.shards) == [shard_path(Path("data/train"), number) for number in range(shards)]
    assert found.identity == "train"

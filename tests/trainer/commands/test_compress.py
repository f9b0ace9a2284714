"""The verb `compress` says what is missing; what it writes is tested with `trainer.export.compress`."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.commands.compress import compress


@pytest.mark.parametrize("empty", ["dataset", "check"])
def test_a_dataset_without_shards_is_named(empty: str, bank: Path, tmp_path: Path) -> None:
    folders = {"dataset": bank, "check": bank} | {empty: tmp_path / "nothing"}
    with pytest.raises(ValueError, match=r"nothing holds no shard-\*\.npz"):
        compress(tmp_path, **folders)


def test_a_folder_without_networks_is_refused(bank: Path, tmp_path: Path) -> None:
    with pytest.raises((OSError, ValueError), match=r"classifier|detector"):
        compress(tmp_path / "models", bank, bank)

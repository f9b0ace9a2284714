"""A file is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.exit_waves.atomic_file import put_whole


def test_a_file_swept_away_by_another_run_is_no_loss_when_that_run_has_finished_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sweep_it(_: int) -> None:
        for part in tmp_path.glob("*.part"):
            part.unlink()

    monkeypatch.setattr(os, "fsync", sweep_it)
    with pytest.raises(FileNotFoundError):
        put_whole(tmp_path / "film-00000.h5", b"new")
    (tmp_path / "film-00000.h5").write_bytes(b"finished")
    put_whole(tmp_path / "film-00000.h5", b"new")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"finished"]

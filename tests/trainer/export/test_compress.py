"""Compressed networks come from data of the full network's own geometry, or not at all."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agent.edge.settings import MODELS
from tests.trainer.striped import DESCRIPTION, write_striped
from trainer.data.dataset import shards_of
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.export.compress import compress_folder


@pytest.mark.parametrize("which", ["train", "held-out"])
def test_data_of_another_geometry_than_the_card_says_is_refused(which: str, bank: Path, tmp_path: Path) -> None:
    for path in MODELS.glob("*.[ojg]*"):
        if ".int8." not in path.name:
            shutil.copy(path, tmp_path / path.name)
    geometry = replace(LEGACY_GEOMETRY, classifier=replace(LEGACY_GEOMETRY.classifier, pixel_size_nm=0.06))
    other = write_striped(tmp_path / "other", 1, replace(DESCRIPTION, geometry=geometry))
    train, held_out = (other, bank) if which == "train" else (bank, other)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ValueError, match=r"the classifier takes .* 0\.075 nm .*, .*other holds .* 0\.06 nm"):
        compress_folder(tmp_path, shards_of(train), shards_of(held_out))
    assert sorted(tmp_path.iterdir()) == before

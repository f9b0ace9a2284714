"""Compressed networks come from data of the full network's own geometry, or not at all."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.edge.settings import MODELS
from protocol.golden import golden_from_bytes
from protocol.input_geometry import ROLES
from protocol.model_card import ModelCard, Precision
from protocol.model_card_json import card_from_json
from protocol.model_folder import card_name, golden_name, why_not_instead
from tests.trainer.striped import DESCRIPTION, striped, write_striped
from tests.trainer.tiny_networks import linear, put
from trainer.data.dataset import shard_path, shards_of, write_shard
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


def of_enough_dose(folder: Path, seed: int) -> Path:
    """Stripes of which the bright ones are of the first class, at a dose for which the cards speak."""
    samples = striped(40, np.random.default_rng(seed))
    for number, row in enumerate(samples.metadata):
        row |= {"dose_e_per_a2": 1000.0, "label": number % 2}
        samples.patches[number] = samples.patches[number] + np.float16((2, -2)[number % 2])
    write_shard(shard_path(folder, 0), samples, DESCRIPTION)
    return folder


@pytest.fixture
def datasets(tmp_path: Path) -> tuple[list[Path], list[Path]]:
    return tuple(shards_of(of_enough_dose(tmp_path / name, n)) for n, name in enumerate(("train", "held")))  # type: ignore[return-value]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for role in ROLES:
        put(tmp_path / "models", role)
    return tmp_path / "models"


def test_every_network_and_precision_has_a_line_that_says_what_it_costs_or_why_it_is_refused(
    models: Path, datasets: tuple[list[Path], list[Path]]
) -> None:
    lines = compress_folder(models, *datasets)
    names = [line.split(":")[0] for line in lines]
    assert names == [
        f"{role}.{precision}.onnx" for role in ("classifier", "detector") for precision in ("fp16", "int8")
    ]
    assert all(
        (models / name).exists() and "accuracy_loss_points" in line for name, line in zip(names, lines, strict=True)
    )
    half = next(line for line in lines if line.startswith("classifier.fp16.onnx"))
    assert "accuracy_loss_points 0, accuracy 1," in half
    assert why_not_instead(*(card(models, precision) for precision in ("fp16", "fp32"))) == ""


def card(models: Path, precision: Precision) -> ModelCard:
    return card_from_json((models / card_name("classifier", precision)).read_text("utf-8"))


def test_compressed_files_of_an_earlier_network_do_not_stay_beside_a_new_one(
    models: Path, datasets: tuple[list[Path], list[Path]]
) -> None:
    """Logits of a million do not fit half precision: nothing of the old network may serve instead."""
    for precision in ("fp16", "int8"):
        (models / f"classifier.{precision}.onnx").write_bytes(b"of an earlier network")
        (models / f"classifier.{precision}.json").write_text("{}", "utf-8")
    put(models, "classifier", linear("classifier", weights=np.array([[1e6, -1e6]])))
    lines = compress_folder(models, *datasets)
    assert lines[0].startswith("refused: ")
    assert "classifier.onnx in fp16 overflows" in lines[0]
    assert not list(models.glob("classifier.fp16.*"))
    assert b"earlier" not in b"".join(path.read_bytes() for path in models.iterdir())


def test_a_folder_that_was_exported_without_golden_files_gets_them(
    models: Path, datasets: tuple[list[Path], list[Path]]
) -> None:
    for role in ROLES:
        (models / golden_name(role)).unlink()
    compress_folder(models, *datasets)
    golden = golden_from_bytes((models / golden_name("classifier")).read_bytes())
    assert golden.inputs.shape == (4, 1, 128, 128)  # the surest and the most doubtful of two classes
    assert (
        card(models, "fp32").golden_sha256
        == hashlib.sha256((models / golden_name("classifier")).read_bytes()).hexdigest()
    )


def test_a_folder_without_cards_is_named(tmp_path: Path, datasets: tuple[list[Path], list[Path]]) -> None:
    with pytest.raises(FileNotFoundError, match="models"):
        compress_folder(tmp_path / "models", *datasets)

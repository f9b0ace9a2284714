"""Export takes geometry and data from the checkpoint, never from a default, and the card says where all came from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.edge.errors import EdgeError
from agent.edge.inference.model_folder import read_model
from protocol.model_card import ModelCard
from protocol.model_card_json import card_from_json
from protocol.model_folder import DETECTOR_CLASSES, card_name
from tests.trainer.striped import ALONE, CLASSES, DESCRIPTION, config, striped
from trainer.commands.export import ExportPlan, export
from trainer.commands.fit import training_set
from trainer.data.dataset import shard_path, write_shard
from trainer.data.description import ShardDescription
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.fit.schedule import Schedule
from trainer.fit.train import fit

GEOMETRY = replace(
    LEGACY_GEOMETRY,
    classifier=replace(LEGACY_GEOMETRY.classifier, pixel_size_nm=0.06, preprocessing="patch-v0"),
    detector=replace(LEGACY_GEOMETRY.detector, pixel_size_nm=0.3),
)
"""Of no default."""


def dataset(folder: Path, **changes: object) -> Path:
    """One shard of stripes, two images per structure, of enough dose to calibrate on; the folder is given back."""
    samples = striped(60, np.random.default_rng(1))
    for number, row in enumerate(samples.metadata):
        row |= {"dose_e_per_a2": 1000.0, "wave": number // 4 * 2 + number % 2}
    description: ShardDescription = replace(DESCRIPTION, **{"geometry": GEOMETRY, **changes})  # type: ignore[arg-type]
    write_shard(shard_path(folder, 0), samples, description)
    return folder


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both networks after one step on a dataset of another geometry than today's."""
    folder = tmp_path_factory.mktemp("run")
    data = training_set(dataset(folder / "bank"), None, 1)
    for role in ("classifier", "detector"):
        one = config(role, shards=1, window=1, steps_per_shard=1)
        fit(one, Schedule(steps=1, decay=0), data, folder / f"{role}.pt", ALONE)
    return folder


def plan(checkpoints: Path, bank: Path, **changes: object) -> ExportPlan:
    values = {
        "classifier": checkpoints / "classifier.pt",
        "detector": checkpoints / "detector.pt",
        "dataset": bank,
        "out": checkpoints / "models",
        "name": "stripes",
        "version": "7",
        "made_by": "a test",
        "exit_waves": 12,
        **changes,
    }
    return ExportPlan(**values)  # type: ignore[arg-type]


def test_the_cards_say_the_checkpoints_geometry_and_where_the_weights_came_from(checkpoints: Path) -> None:
    export(plan(checkpoints, dataset(checkpoints / "test")))
    cards: dict[str, ModelCard] = {
        role: card_from_json((checkpoints / "models" / card_name(role)).read_text("utf-8"))
        for role in ("detector", "classifier")
    }
    assert {role: card.geometry for role, card in cards.items()} == {
        "detector": GEOMETRY.detector,
        "classifier": GEOMETRY.classifier,
    }
    assert cards["classifier"].classes == CLASSES
    assert cards["detector"].classes == DETECTOR_CLASSES
    for card in cards.values():
        made = card.provenance
        assert (made.run, made.recipes, made.mixture, made.exit_waves, made.steps) == (
            "a test",
            ("ab12",),
            "bank",
            12,
            1,
        )
        assert made.commit
        assert made.date.endswith("Z")
        assert (card.label, card.precision, card.made_of_sha256) == ("model 7", "fp32", "")
    assert cards["classifier"].provenance.error_level == 0.10
    # The agent opens what it implements, and refuses what was trained on another preprocessing.
    assert read_model(checkpoints / "models", "detector").card == cards["detector"]
    with pytest.raises(EdgeError, match="trained on inputs made by patch-v0, this version makes patch-v1"):
        read_model(checkpoints / "models", "classifier")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"geometry": replace(GEOMETRY, classifier=LEGACY_GEOMETRY.classifier)},
            r"classifier\.pt was trained on .* 0\.06 nm by patch-v0, the held-out dataset is of .* 0\.075 nm",
        ),
        (
            {"classes": ("down", "up")},
            r"classifier\.pt names the classes up, down, the held-out dataset numbers down, up",
        ),
    ],
)
def test_a_held_out_dataset_that_the_checkpoint_does_not_fit_is_refused(
    changes: dict[str, object], message: str, checkpoints: Path, tmp_path: Path
) -> None:
    other = dataset(tmp_path / "other", **changes)
    with pytest.raises(ValueError, match=message):
        export(plan(checkpoints, other, out=tmp_path / "models"))
    assert not (tmp_path / "models").exists()


def test_a_checkpoint_of_the_other_role_is_refused(checkpoints: Path, tmp_path: Path) -> None:
    test = dataset(tmp_path / "test")
    swapped = plan(checkpoints, test, detector=checkpoints / "classifier.pt", out=tmp_path / "models")
    with pytest.raises(
        ValueError, match=r"classifier\.pt is the checkpoint of a classifier, a detector's was promised"
    ):
        export(swapped)
    assert not (tmp_path / "models").exists()

"""One loop: resumed or not, alone or of two processes, on the geometry of its training set and no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.trainer.striped import ALONE, CLASSES, DESCRIPTION, config, forget_description, write_striped
from trainer.commands.fit import training_set
from trainer.data.dataset import shards_of
from trainer.data.description import LegacyWarning
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.fit.checkpoint import load
from trainer.fit.schedule import Schedule
from trainer.fit.train import TrainingSet, _average, fit, trained

ONE_STEP = Schedule(steps=1, decay=1)
OTHER_GEOMETRY = replace(LEGACY_GEOMETRY, classifier=replace(LEGACY_GEOMETRY.classifier, pixel_size_nm=0.06))


def of_dataset(folder: Path) -> TrainingSet:
    return training_set(folder, None, 3)


def test_two_stripes_are_told_apart(bank: Path, tmp_path: Path) -> None:
    fit(config(), Schedule(steps=40, decay=20), of_dataset(bank), tmp_path / "c.pt", ALONE, check=bank, check_every=40)
    last = json.loads((tmp_path / "c.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 39
    assert last["accuracy"] > 0.9


def test_a_run_taken_up_again_is_the_run_that_was_never_stopped(bank: Path, tmp_path: Path) -> None:
    schedule = Schedule(steps=6, decay=3)
    fit(config(), schedule, of_dataset(bank), tmp_path / "whole.pt", ALONE)
    fit(config(), Schedule(steps=3, decay=0), of_dataset(bank), tmp_path / "parts.pt", ALONE)
    fit(config(), schedule, of_dataset(bank), tmp_path / "parts.pt", ALONE)
    whole, parts = (load(tmp_path / name)["average"] for name in ("whole.pt", "parts.pt"))
    assert all(torch.equal(whole[key], parts[key]) for key in whole)


def test_a_detector_learns_from_maps(bank: Path, tmp_path: Path) -> None:
    fit(config("detector"), Schedule(steps=10, decay=5), of_dataset(bank), tmp_path / "d.pt", ALONE)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "d.jsonl").read_text().splitlines()]
    assert losses[-1] < losses[0]
    found = trained(tmp_path / "d.pt")
    assert (found.config.role, found.steps, found.network.training) == ("detector", 10, False)


def test_another_configuration_does_not_go_on_with_a_run(bank: Path, tmp_path: Path) -> None:
    fit(config(), Schedule(steps=1, decay=1), of_dataset(bank), tmp_path / "c.pt", ALONE)
    with pytest.raises(ValueError, match="begun with another configuration"):
        fit(config(seed=2), Schedule(steps=2, decay=1), of_dataset(bank), tmp_path / "c.pt", ALONE)


def test_the_checkpoint_says_the_geometry_the_recipes_and_the_data(bank: Path, tmp_path: Path) -> None:
    fit(config(), ONE_STEP, of_dataset(bank), tmp_path / "c.pt", ALONE)
    found = trained(tmp_path / "c.pt")
    assert found.data.geometry == LEGACY_GEOMETRY.classifier
    assert (found.data.recipes, found.data.mixtures) == (("ab12",), ("bank",))
    another = write_striped(tmp_path / "more", description=replace(DESCRIPTION, recipe_digest="cd34"))
    fit(config(), ONE_STEP, of_dataset(another), tmp_path / "d.pt", ALONE, start=tmp_path / "c.pt")
    further = trained(tmp_path / "d.pt")
    assert (further.data.recipes, further.data.mixtures) == (("ab12", "cd34"), ("bank", "more"))


@pytest.mark.parametrize("taken_up", [True, False])
def test_data_of_another_geometry_does_not_go_on_with_a_run(bank: Path, tmp_path: Path, taken_up: bool) -> None:
    fit(config(), ONE_STEP, of_dataset(bank), tmp_path / "c.pt", ALONE)
    other = write_striped(tmp_path / "other", description=replace(DESCRIPTION, geometry=OTHER_GEOMETRY))
    out, start = (tmp_path / "c.pt", None) if taken_up else (tmp_path / "d.pt", tmp_path / "c.pt")
    with pytest.raises(ValueError, match=r"c\.pt was trained on .* 0\.075 nm .*, the training set is of .* 0\.06 nm"):
        fit(config(), Schedule(steps=2, decay=1), of_dataset(other), out, ALONE, start=start)


def test_a_held_out_dataset_of_another_geometry_is_refused(bank: Path, tmp_path: Path) -> None:
    other = write_striped(tmp_path / "other", description=replace(DESCRIPTION, geometry=OTHER_GEOMETRY))
    with pytest.raises(ValueError, match=r"other was cut with another geometry than the training set: .* 0\.075 nm"):
        fit(config(), ONE_STEP, of_dataset(bank), tmp_path / "c.pt", ALONE, check=other)


def test_other_classes_than_the_dataset_numbers_are_refused(bank: Path, tmp_path: Path) -> None:
    turned = CLASSES[::-1]
    with pytest.raises(ValueError, match="asked for the classes down, up, the dataset numbers up, down"):
        fit(config(classes=turned), ONE_STEP, of_dataset(bank), tmp_path / "c.pt", ALONE)
    with pytest.raises(ValueError, match=r"a detector's classes are .*, got"):
        config("detector", classes=CLASSES)
    with pytest.raises(ValueError, match="a role is detector or classifier, got 'oracle'"):
        config("oracle")


def test_weights_of_other_classes_are_no_start(bank: Path, tmp_path: Path) -> None:
    fit(config(), ONE_STEP, of_dataset(bank), tmp_path / "c.pt", ALONE)
    other = write_striped(tmp_path / "other", description=replace(DESCRIPTION, classes=("left", "right")))
    with pytest.raises(ValueError, match=r"c\.pt names the classes up, down, asked for are left, right"):
        fit(
            config(classes=("left", "right")),
            ONE_STEP,
            of_dataset(other),
            tmp_path / "d.pt",
            ALONE,
            start=tmp_path / "c.pt",
        )


def test_a_run_of_before_november_2026_is_taken_up_aloud_and_gives_the_same_weights(bank: Path, tmp_path: Path) -> None:
    fit(config(), Schedule(steps=2, decay=1), of_dataset(bank), tmp_path / "new.pt", ALONE)
    fit(config(), Schedule(steps=1, decay=0), of_dataset(bank), tmp_path / "old.pt", ALONE)
    # What such a checkpoint lacks, and the older name of what it has.
    state = load(tmp_path / "old.pt")
    del state["data"]
    state["config"]["steps_a_shard"] = state["config"].pop("steps_per_shard")
    torch.save(state, tmp_path / "old.pt")
    for path in shards_of(bank):
        forget_description(path)
    with pytest.warns(LegacyWarning, match=r"old\.pt does not say its geometry .* 128 px of 0\.075 nm by patch-v1"):
        assert trained(tmp_path / "old.pt").data.geometry == LEGACY_GEOMETRY.classifier
    with pytest.warns(LegacyWarning):
        fit(config(), Schedule(steps=2, decay=1), of_dataset(bank), tmp_path / "old.pt", ALONE)
    assert trained(tmp_path / "old.pt").data.mixtures == ("bank",)


def test_a_training_set_is_a_dataset_or_a_mixture(bank: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    text = f'name = "two"\nfolder = "{tmp_path}"\n[[parts]]\ndataset = "bank"\nshards = [[1, 2]]\nrepeats = 2\n'
    path.write_text(text, "utf-8")
    mixed = training_set(None, path, None)
    assert [p.name for p in mixed.shards] == [f"shard-0000{n}.npz" for n in (1, 2, 1, 2)]
    assert mixed.identity.startswith("two ")
    fit(config(shards=4), ONE_STEP, mixed, tmp_path / "c.pt", ALONE)
    assert trained(tmp_path / "c.pt").data.mixtures == (mixed.identity,)
    assert len(training_set(None, path, 3).shards) == 3
    for arguments, message in (
        ((None, path, 5), "has 4 shards, --shards asks for 5"),
        ((bank, None, None), "say with --shards how many"),
        ((bank, path, 1), "either a dataset"),
        ((None, None, 1), "either a dataset"),
    ):
        with pytest.raises(ValueError, match=message):
            training_set(*arguments)


@pytest.mark.skipif(os.name != "posix", reason="torchrun's rendezvous is tested on POSIX")
def test_two_processes_train_one_network(bank: Path, tmp_path: Path) -> None:
    """`torchrun` with two processes: both share every batch, one writes, and the losses fall."""
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "trainer.cli"),
        *("--device", "cpu", "--threads", "1", "fit", "classifier", "--bank", str(bank), "--classes", *CLASSES),
        *("--out", str(tmp_path / "c.pt"), "--steps", "12", "--decay", "6", "--shards", "3", "--batch", "8"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    losses = [json.loads(line)["loss"] for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    assert len(losses) == 12
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


def test_the_running_average_is_what_a_person_calculates() -> None:
    """0.75 of the old and 0.25 of the new; a counter is no mean and is taken over."""
    average = {"weight": torch.tensor([4.0]), "seen": torch.tensor(3)}
    _average(average, {"weight": torch.tensor([8.0]), "seen": torch.tensor(7)}, 0.75)
    assert (float(average["weight"]), int(average["seen"])) == (5.0, 7)


def test_an_average_of_what_does_not_change_does_not_change() -> None:
    weights = {"weight": torch.randn(5)}
    average = {"weight": weights["weight"].clone()}
    for decay in (0.0, 0.1, 0.995):
        _average(average, weights, decay)
    torch.testing.assert_close(average["weight"], weights["weight"])


def test_every_step_has_one_line_in_the_log_also_after_a_stop(bank: Path, tmp_path: Path) -> None:
    for steps in (2, 3):
        fit(config(), Schedule(steps=steps, decay=0), of_dataset(bank), tmp_path / "c.pt", ALONE)
    lines = [json.loads(line) for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [0, 1, 2]
    assert all(np.isfinite(line["loss"]) for line in lines)


def test_a_run_that_is_finished_is_left_as_it_is(bank: Path, tmp_path: Path) -> None:
    fit(config(), ONE_STEP, of_dataset(bank), tmp_path / "c.pt", ALONE)
    before = (tmp_path / "c.pt").read_bytes()
    fit(config(), ONE_STEP, of_dataset(bank), tmp_path / "c.pt", ALONE)
    assert (tmp_path / "c.pt").read_bytes() == before


def test_the_same_seed_gives_the_same_weights_and_another_one_others(bank: Path, tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        fit(config(seed=seed), ONE_STEP, of_dataset(bank), tmp_path / f"{name}.pt", ALONE)
    one, same, other = (load(tmp_path / f"{name}.pt")["average"] for name in ("one", "same", "other"))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


def test_a_fresh_run_begins_with_the_averaged_weights_of_its_start(bank: Path, tmp_path: Path) -> None:
    """With a learning rate of nothing the first step leaves them as they are."""
    fit(config(), Schedule(steps=3, decay=0), of_dataset(bank), tmp_path / "c.pt", ALONE)
    still = config(learning_rate=0.0, weight_decay=0.0)
    fit(still, ONE_STEP, of_dataset(bank), tmp_path / "d.pt", ALONE, start=tmp_path / "c.pt")
    before, after = load(tmp_path / "c.pt"), load(tmp_path / "d.pt")
    weights = [key for key in before["average"] if key.endswith((".weight", ".bias"))]
    assert all(torch.equal(before["average"][key], after["model"][key]) for key in weights)
    assert any(not torch.equal(before["model"][key], after["model"][key]) for key in weights)
    assert after["step"] == 1


def test_a_process_that_is_not_the_first_writes_nothing(bank: Path, tmp_path: Path) -> None:
    """It takes its share with other samples; of the whole run there is one checkpoint and one log."""
    fit(config(), ONE_STEP, of_dataset(bank), tmp_path / "c.pt", replace(ALONE, rank=1))
    assert not (tmp_path / "c.pt").exists()
    assert (tmp_path / "c.jsonl").read_text() == ""


def test_a_damaged_shard_stops_training_by_its_name_and_keeps_the_checkpoint(bank: Path, tmp_path: Path) -> None:
    fit(config(), ONE_STEP, of_dataset(bank), tmp_path / "c.pt", ALONE)
    before = (tmp_path / "c.pt").read_bytes()
    (bank / "shard-00001.npz").write_bytes(b"PK half a shard")
    with pytest.raises(ValueError, match=r"shard-00001\.npz is no whole shard"):
        fit(config(), Schedule(steps=9, decay=0), of_dataset(bank), tmp_path / "c.pt", ALONE)
    assert (tmp_path / "c.pt").read_bytes() == before


def test_a_damaged_checkpoint_is_not_taken_for_a_fresh_run(bank: Path, tmp_path: Path) -> None:
    """To begin anew and write over it would lose what could be restored."""
    (tmp_path / "c.pt").write_bytes(b"half a checkpoint")
    with pytest.raises(ValueError, match=r"c\.pt is no checkpoint of beamside-train, or was cut short"):
        fit(config(), ONE_STEP, of_dataset(bank), tmp_path / "c.pt", ALONE)
    assert (tmp_path / "c.pt").read_bytes() == b"half a checkpoint"

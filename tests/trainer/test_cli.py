"""beamside-train: the names of verbs and options, old ones too, and what is said when something is wrong."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from trainer import cli
from trainer.cli import _named_in, _parser, main
from trainer.commands.export import ExportPlan
from trainer.commands.fit import FitPlan
from trainer.commands.make_dataset import DatasetPlan
from trainer.fit.train import FitConfig, trained
from trainer.report.measure import ReportPlan

REPORT = ["report", "--classifier", "c.pt", "--detector", "d.pt", "--out", "REPORT.md"]


@pytest.mark.parametrize("verb", ["compress", "lighten"])
@pytest.mark.parametrize("option", ["--dataset", "--bank"])
def test_old_names_of_verbs_and_options_are_understood(verb: str, option: str) -> None:
    options = _parser().parse_args([verb, "models", option, "train", "--check", "test"])
    assert (options.dataset, options.run.__name__) == (Path("train"), "_compress")


@pytest.mark.parametrize(("store", "reference"), [("--store", "--reference"), ("--stock", "--second")])
def test_old_names_of_the_report_s_options_are_understood(store: str, reference: str) -> None:
    options = _parser().parse_args([*REPORT, "--dataset", "d", store, "s", reference, "r"])
    assert (options.store, options.reference) == (Path("s"), Path("r"))


@pytest.mark.parametrize("option", ["--steps-per-shard", "--steps-a-shard"])
def test_old_names_of_fit_s_options_are_understood(option: str) -> None:
    fit = ["fit", "classifier", "--bank", "b", "--classes", "a", "--out", "o", "--steps", "1", "--decay", "1"]
    assert _parser().parse_args([*fit, "--shards", "1", option, "7"]).steps_per_shard == 7


def test_what_is_not_there_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--threads", "1", "compress", str(tmp_path), "--dataset", str(tmp_path), "--check", str(tmp_path)]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("beamside-train: ")
    assert "holds no shard-*.npz" in error
    assert error.count("\n") == 1


FIT = ["fit", "classifier", "--classes", "up", "down", "--steps", "2", "--decay", "1", "--batch", "4"]


def test_a_dataset_becomes_a_checkpoint_and_a_damaged_one_is_said_in_one_line(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    command = ["--threads", "1", "--device", "cpu", *FIT, "--dataset", str(bank), "--out", str(tmp_path / "c.pt")]
    assert main([*command, "--shards", "3"]) == 0
    found = trained(tmp_path / "c.pt")
    assert (found.steps, found.config.classes, found.config.batch, found.config.shards) == (2, ("up", "down"), 4, 3)
    capsys.readouterr()
    (tmp_path / "c.pt").write_bytes(b"half a checkpoint")
    assert main([*command, "--shards", "3"]) == 2
    error = capsys.readouterr().err.splitlines()
    assert [line for line in error if line.startswith("beamside-train: ")] == error[-1:]
    assert "c.pt is no checkpoint of beamside-train, or was cut short" in error[-1]


def test_a_dataset_whose_number_of_shards_is_not_said_is_asked_for(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--threads", "1", *FIT, "--dataset", str(bank), "--out", str(tmp_path / "c.pt")]) == 2
    assert "say with --shards how many there will be" in capsys.readouterr().err


@pytest.mark.parametrize("given", [[], ["--dataset", "d", "--mixture", "m.toml"]])
def test_fit_takes_a_dataset_or_a_mixture_and_not_both(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*FIT, *given, "--out", "c.pt"])
    assert stopped.value.code == 2
    assert "--mixture" in capsys.readouterr().err


def test_a_run_that_is_stopped_says_how_to_go_on(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(plan: FitPlan) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "run_fit", stopped)
    assert main(["--threads", "1", *FIT, "--dataset", str(bank), "--shards", "1", "--out", str(tmp_path / "c")]) == 130
    assert "the same command goes on from the last checkpoint" in capsys.readouterr().err


VERBS: dict[str, tuple[list[str], type[Any], set[str]]] = {
    "render": (["s", "--out", "o", "--split", "train", "--shards", "1", "--seed", "1"], DatasetPlan, set()),
    "export": (
        ["--classifier", "c", "--dataset", "d", "--out", "o", "--name", "n", "--made-by", "m", "--exit-waves", "1"],
        ExportPlan,
        set(),
    ),
    "report": (
        ["--classifier", "c", "--detector", "d", "--dataset", "d", "--store", "s", "--out", "o"],
        ReportPlan,
        {"learning", "out_of_distribution", "silver", "populations"},
    ),
}
"""Verb -> the fewest options, the plan that they make, and fields that cannot be asked for."""


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_reaches_its_plan_and_has_the_plan_s_own_default(verb: str) -> None:
    """An option whose name is no field of the plan would be read and forgotten."""
    arguments, plan, fixed = VERBS[verb]
    options = _parser().parse_args([verb, *arguments])
    given = _named_in(plan, options)
    names = {field.name for field in fields(plan)}
    assert names - set(given) == fixed
    beside = {"threads", "device", "run"} | ({"out"} if plan is ReportPlan else set())
    assert set(vars(options)) - set(given) == beside
    for field in fields(plan):
        if field.name in given and field.default is not MISSING and given[field.name] is not None:
            assert given[field.name] == field.default, field.name


def test_every_setting_of_a_fit_can_be_asked_for_but_what_was_decided_once() -> None:
    options = _parser().parse_args([*FIT, "--dataset", "d", "--out", "o", "--window", "7", "--averaging", "0.5"])
    given = _named_in(FitConfig, options)
    unasked = {field.name for field in fields(FitConfig)} - set(given)
    assert unasked == {"weight_decay", "label_smoothing", "warm_up"}
    assert (given["window"], given["averaging"], given["classes"]) == (7, 0.5, ("up", "down"))
    defaults = {field.name: field.default for field in fields(FitConfig) if field.default is not MISSING}
    assert given["seed"] == defaults["seed"]

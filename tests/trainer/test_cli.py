"""beamside-train: the names of verbs and options, old ones too, and what is said when something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.cli import _parser, main

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

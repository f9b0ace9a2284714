"""One loop: resumed or not, alone or of two processes, from a bank that is complete or still growing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer.data.dataset import Patches, read_maps, read_patches, write_shard
from trainer.data.loader import Window, batch, patch_feed
from trainer.data.samples import NO_CLASS, Samples
from trainer.fit.checkpoint import load, save
from trainer.fit.distributed import Place
from trainer.fit.train import FitConfig, Length, fit, trained

CLASSES = ("up", "down")
ALONE = Place(rank=0, processes=1, device=torch.device("cpu"))


def striped(count: int, rng: np.random.Generator) -> Samples:
    """Patches of stripes whose period says the class, and maps of a square."""
    samples = Samples()
    x = np.arange(128)
    for number in range(count):
        label = number % 2
        wave = np.sin(2 * np.pi * x / (4, 9)[label] + rng.uniform(0, 6))[None] + rng.normal(0, 0.3, (128, 1))
        samples.patches.append(np.asarray(wave, dtype=np.float16))
        row = dict.fromkeys(
            ("diameter_nm", "zone_deg", "film_nm", "defocus_nm", "c3_nm", "dose_e_per_a2", "pixel_size_nm"), 1.0
        )
        samples.rows.append({**row, "label": label if number else NO_CLASS, "wave": number, "element": "Au"})
        square = np.zeros((3, 16, 24 + 8 * (number % 2)), dtype=np.uint8)
        square[:, 4:9, 4:12] = 255
        samples.targets.append(square)
        samples.channels.append(np.repeat(square[:1], 2, 0).astype(np.float16) / 255)
    return samples


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    for number in range(3):
        write_shard(tmp_path / "bank" / f"shard-{number:05d}.npz", striped(24, np.random.default_rng(number)))
    return tmp_path / "bank"


def config(role: str = "classifier", **other: object) -> FitConfig:
    values: dict[str, object] = {
        "role": role,
        "classes": CLASSES,
        "batch": 8,
        "learning_rate": 3e-3,
        "shards": 3,
        "window": 2,
        "start_shards": 1,
        "steps_a_shard": 2,
        "averaging": 0.8,
        "warm_up": 2,
        **other,
    }
    return FitConfig(**values)  # type: ignore[arg-type]


def test_the_window_grows_then_moves_then_stays() -> None:
    window = Window(shards=4, width=2, start=1, steps_a_shard=10)
    assert [list(window.at(step)) for step in (0, 9, 10, 20, 30, 1000)] == [[0], [0], [0, 1], [1, 2], [2, 3], [2, 3]]


def test_a_window_that_cannot_begin_is_refused() -> None:
    with pytest.raises(ValueError, match="start <= shards"):
        Window(shards=2, width=5, start=3, steps_a_shard=1)


def test_the_feed_waits_for_a_shard_that_is_not_there_yet(tmp_path: Path) -> None:
    def renders_meanwhile(seconds: float) -> None:
        write_shard(tmp_path / "shard-00000.npz", striped(4, np.random.default_rng(1)))

    feed = patch_feed(tmp_path, Window(shards=1, width=1, start=1, steps_a_shard=1))
    feed.sleep = renders_meanwhile
    (shard,) = feed.shards(0)
    assert isinstance(shard, Patches)
    assert len(shard.patches) == 4


def test_maps_of_any_size_make_one_batch_that_says_what_is_real(bank: Path) -> None:
    maps = read_maps([bank / "shard-00000.npz"])
    inputs, wanted = batch([maps], 6, np.random.default_rng(1))
    assert inputs.shape[:2] == (6, 2)
    assert wanted.shape == (6, 4, *inputs.shape[2:])
    assert set(np.unique(wanted[:, 3])) == {0.0, 1.0}
    assert (wanted[:, :3] <= 1).all()


def test_two_stripes_are_told_apart(bank: Path, tmp_path: Path) -> None:
    fit(config(), Length(steps=40, decay=20), bank, tmp_path / "c.pt", ALONE, check=bank, check_every=40)
    last = json.loads((tmp_path / "c.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 39
    assert last["accuracy"] > 0.9


def test_a_run_taken_up_again_is_the_run_that_was_never_stopped(bank: Path, tmp_path: Path) -> None:
    length = Length(steps=6, decay=3)
    fit(config(), length, bank, tmp_path / "whole.pt", ALONE)
    fit(config(), Length(steps=3, decay=0), bank, tmp_path / "parts.pt", ALONE)
    fit(config(), length, bank, tmp_path / "parts.pt", ALONE)
    whole, parts = (load(tmp_path / name)["average"] for name in ("whole.pt", "parts.pt"))
    assert all(torch.equal(whole[key], parts[key]) for key in whole)


def test_a_detector_learns_from_maps(bank: Path, tmp_path: Path) -> None:
    fit(config("detector"), Length(steps=10, decay=5), bank, tmp_path / "d.pt", ALONE)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "d.jsonl").read_text().splitlines()]
    assert losses[-1] < losses[0]
    network, made_with, steps = trained(tmp_path / "d.pt")
    assert (made_with.role, steps, network.training) == ("detector", 10, False)


def test_another_configuration_does_not_go_on_with_a_run(bank: Path, tmp_path: Path) -> None:
    fit(config(), Length(steps=1, decay=1), bank, tmp_path / "c.pt", ALONE)
    with pytest.raises(ValueError, match="begun with another configuration"):
        fit(config(seed=2), Length(steps=2, decay=1), bank, tmp_path / "c.pt", ALONE)


def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    save(tmp_path / "x.pt", {"weights": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"x\.pt is no checkpoint"):
        load(tmp_path / "x.pt")


def test_patches_read_back_as_they_were_written(bank: Path) -> None:
    patches = read_patches([bank / "shard-00000.npz", bank / "shard-00001.npz"])
    assert patches.patches.shape == (48, 128, 128)
    assert set(patches.rows["label"]) == {NO_CLASS, 0, 1}


def test_a_batch_that_cannot_be_dealt_evenly_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be dealt evenly to 3"):
        Place(rank=0, processes=3, device=torch.device("cpu")).share(8)


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

"""Stocks: killed runs go on, samples come again from their seed, damage has a name, old shards stay readable."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from simulator.exit_waves.generate import begin, make_here, make_in_processes, part_of
from simulator.exit_waves.store import (
    DamagedShardError,
    Shard,
    encoded,
    film_waves,
    made_by,
    make_sample,
    make_shard,
    maker_of,
    missing,
    particle_shards,
    particle_waves,
    put_whole,
    sample_digest,
    samples,
    shards,
    sweep,
    versions,
)
from simulator.exit_waves.verify import differences, draw_samples, health, made_again
from simulator.recipe import WaveRecipe
from tests.simulator.tiny import SHARDS, TINY, file_digests, write_tiny

CPU = torch.device("cpu")
FIRST = Shard(kind="particle", number=0)


def ignore(_: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[WaveRecipe, Path]:
    """A tiny stock made in one go in this process."""
    folder = tmp_path_factory.mktemp("whole")
    recipe = begin(write_tiny(tmp_path_factory.mktemp("recipe")), folder)
    make_here(recipe, folder, missing(recipe, folder), CPU, ignore)
    return recipe, folder


HALTING = """
import sys
from pathlib import Path
import torch
from simulator.exit_waves.store import missing
from simulator.exit_waves.generate import begin, make_here

waves = 0

def halt_in_the_second_shard(n):
    global waves
    waves += n
    if waves == 6:
        print("in mid-shard", flush=True)
        sys.stdin.readline()

torch.set_num_threads(1)
folder = Path(sys.argv[2])
recipe = begin(Path(sys.argv[1]), folder)
make_here(recipe, folder, missing(recipe, folder), torch.device("cpu"), halt_in_the_second_shard)
"""


def test_a_run_killed_in_mid_shard_goes_on_without_a_broken_or_doubled_sample(
    whole: tuple[WaveRecipe, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "stock"
    command = [sys.executable, "-c", HALTING, str(write_tiny(tmp_path)), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "in mid-shard\n"
        run.send_signal(signal.SIGKILL)
    assert run.returncode == -signal.SIGKILL
    assert file_digests(folder).keys() == {"particle-00000.h5"}
    done = subprocess.run(
        [sys.executable, "-m", "simulator.cli", "make", command[-2], "--out", command[-1], "--device", "cpu"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "4 shards made" in done.stdout
    assert file_digests(folder) == file_digests(whole[1])
    assert file_digests(folder).keys() == SHARDS


def test_several_processes_make_the_same_bytes_as_one(whole: tuple[WaveRecipe, Path], tmp_path: Path) -> None:
    recipe, folder = whole
    seen: list[int] = []
    make_in_processes(recipe, tmp_path, shards(recipe), CPU, 2, seen.append)
    assert file_digests(tmp_path) == file_digests(folder)
    assert sum(seen) == recipe.particles + recipe.films


def test_a_killed_process_of_several_is_told_and_leaves_only_whole_shards(
    whole: tuple[WaveRecipe, Path], tmp_path: Path
) -> None:
    longer = replace(whole[0], particles=80)

    def kill_one(waves: int) -> None:
        if waves:
            os.kill(next(c.pid for c in multiprocessing.active_children() if c.pid), signal.SIGKILL)

    with pytest.raises(ChildProcessError, match="the same command goes on from here"):
        make_in_processes(longer, tmp_path, shards(longer), CPU, 2, kill_one)
    found = health(longer, tmp_path, shards(longer), ignore)
    assert found.damaged == ()
    assert list(found.absent) == missing(longer, tmp_path) != []
    for shard, index in draw_samples(longer, found.whole, 3, np.random.default_rng(1)):
        assert made_again(longer, tmp_path, shard, index, CPU).unlike == ()


MANY = """
import sys
from pathlib import Path
import torch
from simulator.exit_waves.store import missing
from simulator.exit_waves.generate import begin, make_in_processes

folder = Path(sys.argv[2])
recipe = begin(Path(sys.argv[1]), folder)
tell = lambda waves: waves and print("begun", flush=True)
make_in_processes(recipe, folder, missing(recipe, folder), torch.device("cpu"), 2, tell)
"""


def test_processes_end_with_the_run_that_started_them(tmp_path: Path) -> None:
    long = write_tiny(tmp_path, TINY.replace("particles = 10", "particles = 100000"))
    with subprocess.Popen(
        [sys.executable, "-c", MANY, str(long), str(tmp_path / "stock")], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "begun\n"
        run.send_signal(signal.SIGKILL)
        # The pipe ends when nobody holds its other end any more.
        run.communicate(timeout=60)


def test_the_parts_of_several_runs_are_the_whole() -> None:
    work = [Shard(kind=kind, number=n) for kind in ("particle", "film") for n in range(7)]
    parts = [part_of(work, f"{k}/3") for k in (1, 2, 3)]
    assert sorted((shard for part in parts for shard in part), key=str) == sorted(work, key=str)


@pytest.mark.parametrize("part", ["0/3", "4/3", "1", "a/b", "1/2/3", ""])
def test_a_part_that_is_none_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="K/N with 1 <= K <= N"):
        part_of([FIRST], part)


def test_any_sample_comes_again_from_its_seed_alone_bit_for_bit(whole: tuple[WaveRecipe, Path]) -> None:
    recipe, folder = whole
    drawn = draw_samples(recipe, shards(recipe), 12, np.random.default_rng(3))
    assert len(set(drawn)) == 12
    assert [made_again(recipe, folder, shard, index, CPU).unlike for shard, index in drawn] == [()] * 12


def test_a_sample_of_another_seed_is_told_apart(whole: tuple[WaveRecipe, Path], tmp_path: Path) -> None:
    recipe, folder = whole
    other = begin(write_tiny(tmp_path, TINY.replace("seed = 5", "seed = 6")), tmp_path / "other")
    stored = next(samples(recipe, FIRST.path(folder), 2))
    told = " ".join(differences(stored, encoded(make_sample(other, "particle", 2, CPU))))
    for key in ("wave", "diameter_nm", "quaternion", "strain"):
        assert key in told


ELSEWHERE = "beamside 0.2.0, torch 2.13.0+cpu, numpy 2.4.6, cpu, AuthenticAMD AVX2, threads 1"


@pytest.mark.parametrize(
    ("maker", "off", "wrong", "told"),
    [
        (ELSEWHERE, 0.0, False, "the same bit for bit"),
        (ELSEWHERE, 1e-5, False, f"the same within rounding: wave differs by up to .*; made by {re.escape(ELSEWHERE)}"),
        (ELSEWHERE, 1e-2, True, f"wave differs by up to .*; made by {re.escape(ELSEWHERE)}, here is beamside"),
        (None, 1e-5, True, "wave differs by up to"),
    ],
)
def test_another_machine_may_round_otherwise_and_the_same_one_may_not(
    whole: tuple[WaveRecipe, Path], tmp_path: Path, maker: str | None, off: float, wrong: bool, told: str
) -> None:
    recipe, folder = whole
    copy = FIRST.path(tmp_path)
    copy.write_bytes(FIRST.path(folder).read_bytes())
    _, arrays, truth = next(samples(recipe, copy, 1))
    with h5py.File(copy, "r+") as file:
        file.attrs["made_by"] = maker or file.attrs["made_by"]
        arrays["wave"] += np.float16(off)
        file["0000001/wave"][...] = arrays["wave"]
        file["0000001"].attrs["sha256"] = sample_digest(arrays, truth)
    again = made_again(recipe, tmp_path, FIRST, 1, CPU)
    assert bool(again.wrong) == wrong
    assert re.match(told, str(again))


def test_rounding_is_no_excuse_for_another_mask_or_another_shape(whole: tuple[WaveRecipe, Path]) -> None:
    index, arrays, truth = next(samples(whole[0], FIRST.path(whole[1]), 1))
    more = {**truth, "diameter_nm": truth["diameter_nm"] * (1 + 1e-15), "zone_angle_deg": float("nan")}
    assert differences((index, arrays, more), (index, arrays, more)) == []
    turned = {**arrays, "mask": ~arrays["mask"]}
    other = {**truth, "shape": "cube", "atoms": truth["atoms"] + 1, "diameter_nm": truth["diameter_nm"] * (1 + 1e-9)}
    told = differences((index, arrays, truth), (index, turned, other), rounding=True)
    assert [line.split()[0] for line in told] == ["mask", "atoms", "diameter_nm", "shape"]


def test_a_shard_says_what_made_it(whole: tuple[WaveRecipe, Path]) -> None:
    recipe, folder = whole
    maker = maker_of(recipe, FIRST.path(folder))
    assert maker == made_by(CPU)
    assert maker.startswith(versions(CPU))
    assert maker.endswith(f"{torch.backends.cpu.get_cpu_capability()}, threads 1")


def test_a_wave_is_read_with_its_full_truth(whole: tuple[WaveRecipe, Path]) -> None:
    recipe, folder = whole
    waves = [w for path in particle_shards(folder) for w in particle_waves(recipe, path)]
    assert [w.index for w in waves] == list(range(10))
    for wave in waves:
        fresh = make_sample(recipe, "particle", wave.index, CPU)
        np.testing.assert_allclose(wave.wave, fresh.wave, atol=2e-3)
        assert np.linalg.norm(wave.quaternion) == pytest.approx(1)
        assert 1.4 < wave.diameter_nm < 2.1
        assert recipe.absorption[0] <= wave.absorption <= recipe.absorption[1]
        assert wave.atoms > 50
        assert wave.strain is not None
        assert np.abs(np.linalg.eigvalsh(wave.strain)).max() <= 0.015
    assert [f.index for f in film_waves(recipe, folder)] == [0, 1]


def test_a_shard_made_before_the_full_truth_was_kept_is_still_read(
    whole: tuple[WaveRecipe, Path], tmp_path: Path
) -> None:
    recipe, folder = whole
    old = FIRST.path(tmp_path)
    with h5py.File(FIRST.path(folder)) as source, h5py.File(old, "w") as file:
        file.attrs["recipe"] = source.attrs["recipe"]
        for name, group in source.items():
            source.copy(group, file)
            for key in ("sha256", "strain", "atoms", "absorption"):
                del file[name].attrs[key]
    waves = list(particle_waves(recipe, old))
    assert [(w.atoms, w.strain) for w in waves] == [(0, None)] * 4
    assert made_again(recipe, tmp_path, FIRST, 1, CPU).unlike == ()


def flip_a_bit_of_the_wave(path: Path) -> None:
    with h5py.File(path) as file:
        at = file["0000001/wave"].id.get_chunk_info(0).byte_offset + 1000
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def change_the_truth(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["0000001"].attrs["diameter_nm"] += 0.01


def change_the_mask(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["0000001/mask"][100, 10] ^= 255


def lose_an_array(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["0000001/mask"]


def cut_the_end_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (flip_a_bit_of_the_wave, "sample 1: "),
        (change_the_truth, "sample 1: its sha256 does not fit"),
        (change_the_mask, "sample 1: its sha256 does not fit"),
        (lose_an_array, "sample 1: its sha256 does not fit"),
        (cut_the_end_off, "truncated"),
        (empty, "file signature not found"),
    ],
)
def test_a_damaged_shard_is_named(
    whole: tuple[WaveRecipe, Path], tmp_path: Path, harm: Callable[[Path], None], told: str
) -> None:
    recipe, folder = whole
    copy = FIRST.path(tmp_path)
    copy.write_bytes(FIRST.path(folder).read_bytes())
    harm(copy)
    with pytest.raises(DamagedShardError, match=told) as raised:
        list(particle_waves(recipe, copy))
    assert str(copy) in str(raised.value)
    assert "delete it and run" in str(raised.value)
    found = health(recipe, tmp_path, shards(recipe), ignore)
    assert (len(found.whole), len(found.absent), len(found.damaged)) == (0, 4, 1)


def test_a_stock_may_be_made_longer_and_its_last_shard_is_filled(
    whole: tuple[WaveRecipe, Path], tmp_path: Path
) -> None:
    short = begin(write_tiny(tmp_path, TINY.replace("particles = 10", "particles = 9")), tmp_path)
    make_here(short, tmp_path, missing(short, tmp_path), CPU, ignore)
    recipe, folder = whole
    assert missing(recipe, tmp_path) == [Shard(kind="particle", number=2)]
    make_here(recipe, tmp_path, missing(recipe, tmp_path), CPU, ignore)
    assert file_digests(tmp_path) == file_digests(folder)


def test_a_folder_of_another_recipe_is_refused(whole: tuple[WaveRecipe, Path], tmp_path: Path) -> None:
    other = write_tiny(tmp_path, TINY.replace("slice_nm = 0.4", "slice_nm = 0.5"))
    with pytest.raises(ValueError, match="was begun with another recipe"):
        begin(other, whole[1])
    elsewhere = begin(other, tmp_path / "other")
    with pytest.raises(ValueError, match="was made by another recipe"):
        missing(elsewhere, whole[1])


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


def test_leftovers_of_killed_runs_are_swept_when_their_shard_is_finished(
    whole: tuple[WaveRecipe, Path], tmp_path: Path
) -> None:
    recipe, _ = whole
    done = make_shard(recipe, tmp_path, FIRST, CPU, lambda: None)
    other = Shard(kind="particle", number=1).path(tmp_path)
    leftovers = [Path(f"{done}.host-1.part"), done.with_suffix(".part"), Path(f"{other}.host-1.part")]
    for path in leftovers:
        path.write_bytes(b"half")
    sweep(tmp_path, [FIRST])
    assert [p.exists() for p in leftovers] == [False, False, True]
    assert done.exists()

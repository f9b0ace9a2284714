"""A store read: full metadata, old shards, damage by its name, growth, leftovers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from simulator.exit_waves.generate import begin, make_here, make_sample, make_shard
from simulator.exit_waves.store import (
    DamagedShardError,
    Shard,
    film_waves,
    missing,
    particle_shards,
    particle_waves,
    remove_leftovers,
    shards,
)
from simulator.exit_waves.verify import compare_with_simulation, health
from simulator.recipe import WaveRecipe
from tests.simulator.tiny import TINY, file_digests, write_tiny

CPU = torch.device("cpu")


FIRST = Shard(kind="particle", number=0)


def ignore(_: int) -> None:
    """Nobody watches."""


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
    assert compare_with_simulation(recipe, tmp_path, FIRST, 1, CPU).differing == ()


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


def test_a_store_may_be_made_longer_and_its_last_shard_is_filled(
    whole: tuple[WaveRecipe, Path], tmp_path: Path
) -> None:
    short = begin(write_tiny(tmp_path, TINY.replace("particles = 10", "particles = 9")), tmp_path)
    make_here(short, tmp_path, missing(short, tmp_path), CPU, ignore)
    recipe, folder = whole
    assert missing(recipe, tmp_path) == [Shard(kind="particle", number=2)]
    make_here(recipe, tmp_path, missing(recipe, tmp_path), CPU, ignore)
    assert file_digests(tmp_path) == file_digests(folder)


def test_leftovers_of_killed_runs_are_swept_when_their_shard_is_finished(
    whole: tuple[WaveRecipe, Path], tmp_path: Path
) -> None:
    recipe, _ = whole
    done = make_shard(recipe, tmp_path, FIRST, CPU, lambda: None)
    other = Shard(kind="particle", number=1).path(tmp_path)
    leftovers = [Path(f"{done}.host-1.part"), done.with_suffix(".part"), Path(f"{other}.host-1.part")]
    for path in leftovers:
        path.write_bytes(b"half")
    remove_leftovers(tmp_path, [FIRST])
    assert [p.exists() for p in leftovers] == [False, False, True]
    assert done.exists()

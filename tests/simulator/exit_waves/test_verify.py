"""Samples come again from their seed: bit for bit, or within rounding on another machine."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from simulator.exit_waves.generate import begin, make_sample
from simulator.exit_waves.shard_codec import encoded, sample_digest
from simulator.exit_waves.store import (
    Shard,
    shards,
    stored_samples,
)
from simulator.exit_waves.verify import compare_with_simulation, differences, draw_samples
from simulator.recipe import WaveRecipe
from tests.simulator.tiny import TINY, write_tiny

CPU = torch.device("cpu")


FIRST = Shard(kind="particle", number=0)


def test_any_sample_comes_again_from_its_seed_alone_bit_for_bit(whole: tuple[WaveRecipe, Path]) -> None:
    recipe, folder = whole
    drawn = draw_samples(recipe, shards(recipe), 12, np.random.default_rng(3))
    assert len(set(drawn)) == 12
    assert [compare_with_simulation(recipe, folder, shard, index, CPU).differing for shard, index in drawn] == [()] * 12


def test_a_sample_of_another_seed_is_told_apart(whole: tuple[WaveRecipe, Path], tmp_path: Path) -> None:
    recipe, folder = whole
    other = begin(write_tiny(tmp_path, TINY.replace("seed = 5", "seed = 6")), tmp_path / "other")
    stored = next(stored_samples(recipe, FIRST.path(folder), 2))
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
    _, arrays, truth = next(stored_samples(recipe, copy, 1))
    with h5py.File(copy, "r+") as file:
        file.attrs["made_by"] = maker or file.attrs["made_by"]
        arrays["wave"] += np.float16(off)
        file["0000001/wave"][...] = arrays["wave"]
        file["0000001"].attrs["sha256"] = sample_digest(arrays, truth)
    again = compare_with_simulation(recipe, tmp_path, FIRST, 1, CPU)
    assert bool(again.wrong) == wrong
    assert re.match(told, str(again))


def test_rounding_is_no_excuse_for_another_mask_or_another_shape(whole: tuple[WaveRecipe, Path]) -> None:
    index, arrays, truth = next(stored_samples(whole[0], FIRST.path(whole[1]), 1))
    more = {**truth, "diameter_nm": truth["diameter_nm"] * (1 + 1e-15), "zone_angle_deg": float("nan")}
    assert differences((index, arrays, more), (index, arrays, more)) == []
    turned = {**arrays, "mask": ~arrays["mask"]}
    other = {**truth, "shape": "cube", "atoms": truth["atoms"] + 1, "diameter_nm": truth["diameter_nm"] * (1 + 1e-9)}
    told = differences((index, arrays, truth), (index, turned, other), rounding=True)
    assert [line.split()[0] for line in told] == ["mask", "atoms", "diameter_nm", "shape"]

"""Which plan serves a shape: relations that hold for every shape, and what is built once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.edge.errors import EdgeError
from agent.edge.inference.cuda_probe import Gpu
from agent.edge.inference.model_folder import read_model
from agent.edge.inference.tensorrt.build import Profile
from agent.edge.inference.tensorrt.plan_cache import PlanCache
from agent.edge.inference.tensorrt.plans import (
    MOST_BATCH,
    TIERS_PX,
    Plans,
    classifier_profile,
    detector_profile,
    exact_profile,
)
from agent.edge.settings import MODELS
from tests.fake_tensorrt import FakeCuda, FakeTensorRt

DETECTOR, CLASSIFIER = (read_model(MODELS, role) for role in ("detector", "classifier"))
SIDES = st.integers(1, TIERS_PX[-1] // DETECTOR.card.geometry.patch_px).map(
    lambda n: n * DETECTOR.card.geometry.patch_px
)


def serves(profile: Profile, shape: tuple[int, ...]) -> bool:
    return all(low <= side <= high for low, side, high in zip(profile.least, shape, profile.most, strict=True))


@given(SIDES, SIDES)
def test_the_tier_of_a_map_serves_it_and_the_one_below_would_not(height: int, width: int) -> None:
    shape = (1, DETECTOR.card.channels, height, width)
    profile = detector_profile(DETECTOR.card, shape)
    assert serves(profile, shape)
    smaller = [tier for tier in TIERS_PX if tier < profile.most[2]]
    assert all(max(height, width) > tier for tier in smaller)
    assert serves(exact_profile(shape), shape)


@given(SIDES, SIDES)
def test_a_map_and_its_transpose_share_a_plan(height: int, width: int) -> None:
    channels = DETECTOR.card.channels
    assert detector_profile(DETECTOR.card, (1, channels, height, width)) == detector_profile(
        DETECTOR.card, (1, channels, width, height)
    )


@given(st.integers(1, MOST_BATCH))
def test_one_plan_serves_every_batch_of_patches(count: int) -> None:
    side_px = CLASSIFIER.card.geometry.patch_px
    profile = classifier_profile(CLASSIFIER.card)
    assert serves(profile, (count, CLASSIFIER.card.channels, side_px, side_px))
    assert not serves(profile, (MOST_BATCH + 1, CLASSIFIER.card.channels, side_px, side_px))


def test_a_map_beyond_every_tier_is_refused_with_its_size() -> None:
    with pytest.raises(EdgeError, match="an input map of 8 x 4104 is larger than 4096 pixels a side"):
        detector_profile(DETECTOR.card, (1, 2, 8, 4104))


def plans(folder: Path, trt: FakeTensorRt, capability: tuple[int, int] = (8, 9)) -> Plans:
    gpu = Gpu(name="NVIDIA Test", capability=capability)
    return Plans(trt=trt, network=DETECTOR.content, gpu=gpu, driver="580", cache=PlanCache(folder / "a" / "b"))


def test_what_was_built_is_found_again_and_for_no_other_gpu(tmp_path: Path) -> None:
    trt, profile = FakeTensorRt(FakeCuda()), exact_profile((1, 2, 64, 64))
    assert plans(tmp_path, trt).cached(profile) is None
    built = plans(tmp_path, trt).built(profile)
    assert plans(tmp_path, trt).cached(profile) == built
    assert plans(tmp_path, trt).cached(exact_profile((1, 2, 64, 72))) is None
    assert plans(tmp_path, trt, capability=(9, 0)).cached(profile) is None
    assert plans(tmp_path, FakeTensorRt(FakeCuda(), version="11.5.0")).cached(profile) is None


def test_a_build_that_fails_keeps_nothing_and_the_next_one_starts_clean(tmp_path: Path) -> None:
    profile = exact_profile((1, 2, 64, 64))
    with pytest.raises(EdgeError, match="the workspace is too small"):
        plans(tmp_path, FakeTensorRt(FakeCuda(), nothing="plan")).built(profile)
    assert list((tmp_path / "a" / "b").iterdir()) == []
    assert plans(tmp_path, FakeTensorRt(FakeCuda())).built(profile)


def test_a_profile_reads_as_its_three_shapes() -> None:
    assert str(Profile(least=(1, 2, 8, 8), usual=(1, 2, 64, 64), most=(1, 2, 512, 512))) == (
        "1x2x8x8 1x2x64x64 1x2x512x512"
    )

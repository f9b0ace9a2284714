"""TensorRT: both shipped networks really parse and build; everything about running is shown on a stand-in."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent import cli
from agent.edge.errors import EdgeError
from agent.edge.inference.cuda_probe import Driver, Gpu, probe
from agent.edge.inference.model_folder import read_model
from agent.edge.inference.onnx import load_network
from agent.edge.inference.tensorrt.build import build_plan
from agent.edge.inference.tensorrt.network import TensorRt, open_tensorrt
from agent.edge.inference.tensorrt.plan_cache import PlanCache
from agent.edge.inference.tensorrt.plans import classifier_profile, detector_profile, exact_profile
from agent.edge.settings import MODELS
from protocol.input_geometry import ROLES, Role
from tests.fake_tensorrt import FakeCuda, FakeTensorRt

DRIVER = Driver(gpus=(Gpu(name="NVIDIA Test", capability=(8, 9)),), version="580.95.05")
FILES = {role: read_model(MODELS, role) for role in ROLES}


def opened(role: Role, cache: PlanCache, trt: Any = None, driver: Driver = DRIVER) -> TensorRt:
    trt = trt or FakeTensorRt(FakeCuda())
    file = FILES[role]
    return open_tensorrt(file, trt.__name__, driver, cache=cache, trt=trt, cuda=trt.cuda)


@pytest.fixture
def cache(tmp_path: Path) -> PlanCache:
    return PlanCache(tmp_path / "beamside" / "engines")


# What is real: TensorRT-RTX parses and builds without a GPU.


@pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine != "x86_64",
    reason="TensorRT-RTX has a wheel for Linux on x86-64 only",
)
def test_tensorrt_rtx_parses_and_builds_both_shipped_networks(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorrt_rtx", reason="the extra tensorrt-rtx is not installed")
    assert cli.main(["build-engine", "--backend", "tensorrt-rtx", "--target", "any"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" for ")[0] for line in lines if " MB in " in line] == [
        "detector.onnx",
        "detector.onnx",
        "classifier.onnx",
    ]


def test_tensorrt_rtx_builds_for_known_gpus_and_names_the_unknown() -> None:
    trt = pytest.importorskip("tensorrt_rtx", reason="the extra tensorrt-rtx is not installed")
    file = FILES["detector"]
    network = file.content
    shape = exact_profile((1, 2, 304, 304))
    built = build_plan(trt, network, shape, capability=(8, 9))
    assert len(built.plan) > 100_000
    assert built.timings == b""
    with pytest.raises(EdgeError, match=r"does not know GPUs of compute capability 9\.0"):
        build_plan(trt, network, shape, capability=(9, 0))
    with pytest.raises(EdgeError, match="tensorrt_rtx does not parse the network"):
        build_plan(trt, b"no network", shape)
    with pytest.raises(EdgeError, match=r"the network takes \(1, 2, -1, -1\), which cannot serve 1x1x64x64"):
        build_plan(trt, network, exact_profile((1, 1, 64, 64)))


def test_no_runtime_is_made_without_a_driver() -> None:
    class NoRuntime(FakeTensorRt):
        def Runtime(self, log: Any) -> Any:
            raise AssertionError("its first use would end the process")

    file = FILES["detector"]
    with pytest.raises(EdgeError, match="tensorrt cannot run here: no NVIDIA driver"):
        open_tensorrt(file, "tensorrt", Driver(reason="no NVIDIA driver"), trt=NoRuntime(FakeCuda()))


def test_the_command_without_a_gpu_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    if probe().gpus:
        pytest.skip("there is a GPU here")
    assert cli.main(["build-engine"]) == 2
    assert "cannot build for this machine's GPU: no NVIDIA driver" in capsys.readouterr().err
    assert cli.main(["build-engine", "--frame", "4096x4096"]) == 2
    assert "--frame HxW and --pixel-size-nm P belong together" in capsys.readouterr().err


# What is a stand-in: ONNX Runtime computes at the addresses that our side hands over.


@pytest.mark.parametrize(("module", "count"), [("tensorrt", 0), ("tensorrt", 65), ("tensorrt_rtx", 3)])
def test_patches_of_any_number_give_what_onnx_runtime_gives(cache: PlanCache, module: str, count: int) -> None:
    file = FILES["classifier"]
    patches = np.random.default_rng(1).standard_normal((count, 1, 128, 128)).astype(np.float32)
    network = opened("classifier", cache, FakeTensorRt(FakeCuda(), name=module))
    reference = load_network(file, "CPUExecutionProvider", threads=1)
    got = network(patches)
    assert got.shape == (count, len(file.card.classes))
    for n in range(0, count, 64):
        assert np.allclose(got[n : n + 64], reference(patches[n : n + 64]), atol=1e-5)


def test_maps_of_changing_shapes_give_what_onnx_runtime_gives(cache: PlanCache) -> None:
    file = FILES["detector"]
    rng = np.random.default_rng(2)
    network = opened("detector", cache)
    reference = load_network(file, "CPUExecutionProvider", threads=1)
    for height, width in ((64, 72), (16, 16), (520, 16), (64, 72)):
        channels = rng.standard_normal((1, 2, height, width)).astype(np.float32)
        assert np.allclose(network(channels), reference(channels), atol=1e-5)


def test_a_map_gets_the_smallest_tier_that_holds_it() -> None:
    card = FILES["detector"].card
    assert detector_profile(card, (1, 2, 512, 8)).most == (1, 2, 512, 512)
    assert detector_profile(card, (1, 2, 8, 520)).most == (1, 2, 1024, 1024)
    with pytest.raises(EdgeError, match="larger than 4096 pixels"):
        detector_profile(card, (1, 2, 4104, 8))


def test_plans_are_built_once_and_again_for_anything_new(cache: PlanCache) -> None:
    trt = FakeTensorRt(FakeCuda())
    for _ in range(2):
        opened("detector", cache, trt)
    assert trt.builds == 1
    opened("classifier", cache, trt)
    opened("detector", cache, trt, replace(DRIVER, version="590.01"))
    opened("detector", cache, trt, replace(DRIVER, gpus=(Gpu(name="NVIDIA Other", capability=(8, 9)),)))
    assert trt.builds == 4
    newer = FakeTensorRt(FakeCuda(), version="11.5.0")
    opened("detector", cache, newer)
    assert newer.builds == 1


def test_the_timing_cache_of_one_build_is_handed_to_the_next(cache: PlanCache) -> None:
    trt = FakeTensorRt(FakeCuda())
    opened("detector", cache, trt)
    opened("classifier", cache, trt)
    assert trt.timings_seen == [b"", b"timings"]
    rtx = FakeTensorRt(FakeCuda(), name="tensorrt_rtx")
    opened("detector", cache, rtx)
    assert rtx.timings_seen == []


def test_a_plan_made_for_exactly_this_map_is_preferred(cache: PlanCache) -> None:
    trt = FakeTensorRt(FakeCuda())
    network = opened("detector", cache, trt)
    network._plans.built(exact_profile((1, 2, 64, 64)))
    network(np.zeros((1, 2, 64, 64), dtype=np.float32))
    assert trt.builds == 2
    assert exact_profile((1, 2, 64, 64)) in network._contexts


def test_a_stale_plan_is_built_again(cache: PlanCache) -> None:
    trt = FakeTensorRt(FakeCuda())
    opened("classifier", cache, trt)
    (path,) = [p for p in cache.folder.iterdir() if p.stat().st_size > 1000]
    good = path.read_bytes()
    path.write_bytes(good[:-1])  # cut short by a full disk
    opened("classifier", cache, trt)
    assert trt.builds == 2
    key = opened("classifier", cache, trt)._plans._key(FILES["classifier"].card.model_sha256, str(PROFILE))
    cache.store(key, b"of a TensorRT that is no longer")
    network = opened("classifier", cache, trt)
    assert trt.builds == 3
    assert network(np.zeros((1, 1, 128, 128), dtype=np.float32)).shape == (1, len(FILES["classifier"].card.classes))


PROFILE = classifier_profile(FILES["classifier"].card)


@pytest.mark.parametrize(
    ("nothing", "message"),
    [
        ("Builder", "TensorRT gives no builder: .*nullptr; CUDA initialization failure with error: 35"),
        ("plan", "tensorrt does not build the network for 1x2x8x8 .*: the workspace is too small$"),
        ("Runtime", "tensorrt gives no runtime"),
        ("engine", "the plan just built does not load: the plan's magic tag does not match"),
        ("context", "tensorrt gives no context"),
    ],
)
def test_a_factory_that_gives_nothing_is_named(cache: PlanCache, nothing: str, message: str) -> None:
    with pytest.raises(EdgeError, match=message):
        opened("detector", cache, FakeTensorRt(FakeCuda(), nothing=nothing))


def test_what_cuda_refuses_is_told_in_its_own_words(cache: PlanCache) -> None:
    with pytest.raises(
        EdgeError, match=r"cudaStreamCreateWithFlags: CUDA driver version is insufficient .*\(CUDA error 35\)"
    ):
        opened("detector", cache, FakeTensorRt(FakeCuda(broken=True)))


def test_memory_grows_with_what_is_asked_and_nothing_is_left_behind(cache: PlanCache) -> None:
    trt = FakeTensorRt(FakeCuda())
    network = opened("detector", cache, trt)
    for side in (16, 64, 128, 64):
        network(np.zeros((1, 2, side, side), dtype=np.float32))
    assert len(trt.cuda.memory) == 4  # input and output, on the device and on the host


def test_a_plan_of_another_network_is_not_this_cards(cache: PlanCache) -> None:
    trt = FakeTensorRt(FakeCuda())
    card = replace(FILES["classifier"].card, classes=("cube", "sphere"), confusion=())
    with pytest.raises(EdgeError, match="the card names 2 classes, the graph has 5"):
        open_tensorrt(replace(FILES["classifier"], card=card), "tensorrt", DRIVER, cache=cache, trt=trt, cuda=trt.cuda)

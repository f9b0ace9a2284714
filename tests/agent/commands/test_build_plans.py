"""Which plans are built, for which frames, and what is refused before a module of a GPU is touched."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from agent.commands.build_plans import FrameTier, build_plans, frame_tier
from agent.core.preprocessing.detector_input import detector_input
from agent.edge.errors import EdgeError
from agent.edge.inference.cuda_probe import Driver
from agent.edge.inference.hardware import Hardware
from agent.edge.inference.model_folder import read_model
from agent.edge.inference.processor import Processor
from agent.edge.settings import MODELS
from tests.fakes import field

BARE = Hardware(
    driver=Driver(reason="no NVIDIA driver"),
    modules=frozenset(),
    providers=frozenset(),
    processor=Processor(name="A processor", instruction_set="AVX2"),
)


def test_a_frame_and_its_pixel_size_belong_together() -> None:
    assert frame_tier(None, None) is None
    assert frame_tier("4096x2048", 0.05) == FrameTier(shape_px=(4096, 2048), pixel_size_nm=0.05)
    assert frame_tier("4096X2048", 0.05) == frame_tier("4096x2048", 0.05)
    for text, size_nm in (("4096x4096", None), (None, 0.05)):
        with pytest.raises(EdgeError, match="belong together"):
            frame_tier(text, size_nm)


@pytest.mark.parametrize("text", ["4096", "4096x", "axb", "1x2x3", "", "4096.0x4096"])
def test_what_is_no_shape_is_quoted(text: str) -> None:
    with pytest.raises(EdgeError, match=rf"--frame is HEIGHTxWIDTH in pixels, got '{text}'"):
        frame_tier(text, 0.05)


@pytest.mark.parametrize(
    ("text", "size_nm"),
    [("63x4096", 0.05), ("-64x64", 0.05), ("64x20000", 0.05), ("64x64", 0.0), ("64x64", 2.0), ("64x64", float("nan"))],
)
def test_a_shape_or_size_that_no_frame_has_is_refused(text: str, size_nm: float) -> None:
    with pytest.raises(EdgeError, match=r"--frame must be 64 to 16384 pixels a side at 0\.001 to 1 nm, got"):
        frame_tier(text, size_nm)


@pytest.mark.parametrize(("shape", "size_nm"), [((400, 480), 0.05), ((512, 300), 0.03), ((640, 640), 0.21)])
def test_the_plan_is_for_the_very_map_that_a_frame_will_make(shape: tuple[int, int], size_nm: float) -> None:
    card = read_model(MODELS, "detector").card
    maps, _ = detector_input(field(0, shape=shape).pixels, size_nm, card.geometry.pixel_size_nm, card.geometry.patch_px)
    assert FrameTier(shape_px=shape, pixel_size_nm=size_nm).map_shape(card) == (1, *maps.shape)


@pytest.mark.parametrize(
    ("backend", "target", "message"),
    [
        ("tensorrt", "moon", "--target must be one of this, any, got 'moon'"),
        ("onnxruntime-cpu", "this", "plans are for tensorrt or tensorrt-rtx, got 'onnxruntime-cpu'"),
        ("tensorrt", "any", "only tensorrt-rtx builds for a GPU that is not here"),
        ("tensorrt", "this", "cannot build for this machine's GPU: no NVIDIA driver"),
        (None, "this", "tensorrt-rtx cannot build for this machine's GPU: no NVIDIA driver"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_told(
    backend: str | None, target: str, message: str, tmp_path: Path
) -> None:
    told: list[str] = []
    with pytest.raises(EdgeError, match=re.escape(message)):
        build_plans(tmp_path, BARE, told.append, backend=backend, target=target)
    assert told == []


def test_the_module_that_is_installed_is_the_one_that_is_meant(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"^tensorrt cannot build"):
        build_plans(tmp_path, replace(BARE, modules=frozenset({"tensorrt"})), print)

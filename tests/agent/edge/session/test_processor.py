"""One frame after the other, and what an operator changes between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.core.config import AnalysisConfig
from agent.edge.errors import EdgeError
from agent.edge.session.processor import FrameProcessor
from protocol.command import Command
from tests.fakes import fake_networks, field


def processor(**changes: object) -> FrameProcessor:
    return FrameProcessor(replace(fake_networks(), **changes), AnalysisConfig(), "a")  # type: ignore[arg-type]


def test_a_frame_leaves_its_particles_and_its_picture() -> None:
    one = processor()
    result = one.process(field(3))
    assert result is not None
    assert one.view is not None
    assert (one.analysed, one.view.sequence, len(one.view.particles)) == (1, 3, len(result.particles))


def test_a_new_run_forgets_what_was_found_and_keeps_what_was_counted() -> None:
    one = processor()
    one.process(field(0))
    one.apply(Command(action="new_run"))
    assert (one.run, one.view, one.stats.detections, one.analysed) == ("a-2", None, 0, 1)


def test_a_threshold_holds_from_the_next_frame_on() -> None:
    one = processor()
    one.apply(Command(action="set_threshold", value=1.0))
    result = one.process(field(0))
    assert result is not None
    assert {p.shape for p in result.particles} == {"unknown"}


def test_pause_and_resume() -> None:
    one = processor()
    one.apply(Command(action="pause"))
    assert one.paused
    one.skip()
    one.apply(Command(action="resume"))
    assert not one.paused
    assert one.not_analysed == {"paused": 1}


def test_a_frame_that_fails_half_way_leaves_no_trace() -> None:
    def broken(patches: np.ndarray) -> np.ndarray:
        raise RuntimeError("no logits")

    one = processor(classify=broken)
    assert one.process(field(0)) is None
    assert (one.analysed, one.stats.frames, one.view) == (0, 0, None)
    assert one.problem == "frame 0 failed: RuntimeError: no logits"
    assert one.not_analysed == {"failed": 1}


def test_a_good_frame_forgives_the_bad_ones_before_it() -> None:
    good, calls = fake_networks(), []

    def nine_of_ten(channels: np.ndarray) -> np.ndarray:
        calls.append(1)
        if len(calls) % 10:
            raise RuntimeError("again")
        return good.detect(channels)

    one = processor(detect=nine_of_ten)
    for n in range(20):
        one.process(field(n))
    assert (one.analysed, one.not_analysed["failed"], one.problem) == (2, 18, "")


def test_the_tenth_failure_in_a_row_ends_the_run() -> None:
    def broken(channels: np.ndarray) -> np.ndarray:
        raise RuntimeError("again")

    one = processor(detect=broken)
    for n in range(9):
        assert one.process(field(n)) is None
    with pytest.raises(EdgeError, match="10 frames in a row failed, the last: again"):
        one.process(field(9))


def test_unusable_frames_never_end_a_run() -> None:
    one = processor()
    for n in range(25):
        assert one.process(field(n, pixel_size_nm=None)) is None
    assert one.not_analysed == {"no_pixel_size": 25}


@pytest.mark.parametrize("brightest", [1e20, 3e37])
def test_pixels_beyond_all_counts_are_the_senders_affair_and_never_end_a_run(brightest: float) -> None:
    one, seen = processor(), field(0)
    scale = np.float32(brightest / float(seen.pixels.max()))
    for n in range(12):
        assert one.process(replace(seen, sequence=n, pixels=seen.pixels.astype(np.float32) * scale)) is None
    assert one.not_analysed == {"unusable": 12}
    assert "are not counts" in one.problem


def test_gain_and_offset_of_the_camera_change_no_particle() -> None:
    def found(gain: float, offset: float) -> list[tuple[float, float]]:
        result = processor().process(replace(field(0), pixels=field(0).pixels.astype(np.float32) * gain + offset))
        assert result is not None
        return [(round(p.y_px), round(p.x_px)) for p in result.particles]

    assert len(found(1.0, 0.0)) == 3
    assert found(0.01, -4.0) == found(1.0, 0.0) == found(50.0, 1000.0)


def test_the_third_run_has_a_name_of_its_own() -> None:
    one = processor()
    for _ in range(2):
        one.apply(Command(action="new_run"))
    assert one.run == "a-3"

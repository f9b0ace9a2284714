"""One frame to its particles: invariances, numbers one can check, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.core.calibration import answer, probabilities
from agent.core.config import AnalysisConfig
from agent.core.pipeline import analyse
from agent.core.preprocessing.classifier_input import cut_patches
from agent.core.preprocessing.detector_input import channels
from agent.core.results import NoPixelSize, UnusableFrame
from agent.core.segmentation import find
from tests.fakes import engine, field

CONFIG = AnalysisConfig()


def test_three_discs_are_found_where_they_are_and_as_big_as_they_are() -> None:
    result = analyse(field(), engine(), CONFIG)
    found = sorted((round(p.y_px, -1), round(p.x_px, -1)) for p in result.particles)
    assert found == [(100, 110), (150, 350), (280, 200)]
    sizes = sorted(p.diameter_nm for p in result.particles)
    assert sizes == pytest.approx([4.5, 5.5, 6.0], abs=0.4)
    assert all(abs(p.probabilities.sum() - 1) < 1e-9 for p in result.particles)


def test_gain_and_offset_change_nothing() -> None:
    frame = field()
    louder = replace(frame, pixels=(frame.pixels.astype(np.float32) * 7 + 900).astype(np.float32))
    one, two = (analyse(f, engine(), CONFIG) for f in (frame, louder))
    assert [p.diameter_nm for p in one.particles] == pytest.approx([p.diameter_nm for p in two.particles], rel=0.02)
    for a, b in zip(one.particles, two.particles, strict=True):
        assert np.allclose(a.probabilities, b.probabilities, atol=0.02)


def test_uneven_illumination_and_hot_pixels_change_little() -> None:
    frame = field()
    slope = np.linspace(0.8, 1.2, frame.pixels.shape[1])
    tilted = (frame.pixels * slope).astype(np.uint16)
    tilted[::97, ::89] = 60000
    result = analyse(replace(frame, pixels=tilted), engine(), CONFIG)
    assert len(result.particles) == 3


def test_a_patch_is_the_same_whatever_the_camera_pixel() -> None:
    """A smooth pattern seen at 0.03 and at 0.05 nm a pixel gives one patch."""

    def seen(pixel_size_nm: float) -> np.ndarray:
        n = round(20 / pixel_size_nm)
        at_nm = (np.arange(n) + 0.5) * pixel_size_nm
        image = 100 + 20 * np.sin(2 * np.pi * at_nm[:, None] / 1.1) * np.cos(2 * np.pi * at_nm[None, :] / 0.7)
        centre = np.array([[10 / pixel_size_nm - 0.5] * 2])
        return cut_patches(image.astype(np.float32), centre, pixel_size_nm, 128, 0.075)[0, 0]

    one, two = seen(0.03), seen(0.05)
    assert np.abs(one - two).max() < 0.15
    assert one.mean() == pytest.approx(0, abs=1e-4)
    assert one.std() == pytest.approx(1, abs=1e-3)


def test_what_lies_outside_the_frame_is_filled() -> None:
    image = np.random.default_rng(1).poisson(100, (200, 200)).astype(np.uint16)
    patch = cut_patches(image, np.array([[5.0, 5.0]]), 0.05, 128, 0.075)[0, 0]
    assert np.isfinite(patch).all()
    assert patch[:40, :40].std() < 0.1


def test_the_map_pixel_is_a_whole_number_of_camera_pixels_and_sides_divide() -> None:
    maps, scale = channels(np.random.default_rng(1).poisson(50, (500, 700)), 0.05, 0.24, 8)
    assert scale == 5
    assert maps.shape == (2, 104, 144)


def test_touching_particles_are_parted_by_their_centres() -> None:
    y, x = np.mgrid[:64, :64]
    a, b = np.hypot(y - 32, x - 22), np.hypot(y - 32, x - 42)
    body = ((a < 10.5) | (b < 10.5)).astype(np.float32)
    centre = np.clip(1 - np.minimum(a, b) / 10, 0, 1).astype(np.float32) ** 2
    found = find(
        np.stack([body, centre, np.zeros_like(body)]), 4.0, 0.06, (256, 256), threshold=0.5, smallest_nm=1, largest_nm=9
    )
    assert len(found) == 2
    assert sorted(round(o.x_px) for o in found) == pytest.approx([89.5, 169.5], abs=2)
    assert all(o.diameter_nm == pytest.approx(21 * 0.24, rel=0.06) for o in found)


def test_a_particle_cut_by_the_edge_says_so() -> None:
    body = np.zeros((3, 64, 64), dtype=np.float32)
    body[:2, :12, 20:32] = 1
    body[:2, 30:42, 20:32] = 1
    found = find(body, 4.0, 0.06, (256, 256), threshold=0.5, smallest_nm=1, largest_nm=9)
    assert sorted(o.touches_border for o in found) == [False, True]


def test_a_sliver_at_the_edge_is_judged_by_its_width_and_a_speck_by_its_area() -> None:
    body = np.zeros((3, 64, 64), dtype=np.float32)
    body[:2, :3, 20:29] = 1  # 9 x 3 map pixels of 0.24 nm: 2.2 nm wide, as large as a disc of 1.4 nm
    body[:2, 30:33, 20:29] = 1
    found = find(body, 4.0, 0.06, (256, 256), threshold=0.5, smallest_nm=1.5, largest_nm=9)
    assert [round(o.y_px) for o in found] == [6]
    assert not find(body, 4.0, 0.06, (256, 256), threshold=0.5, smallest_nm=2.5, largest_nm=9)


def test_a_stripe_along_the_edge_is_no_particle() -> None:
    body = np.zeros((3, 64, 64), dtype=np.float32)
    body[:2, :2, :] = 1  # 15.4 nm long, as large as a disc of 3.1 nm
    assert not find(body, 4.0, 0.06, (256, 256), threshold=0.5, smallest_nm=1.5, largest_nm=15)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((100, 100), 7, np.uint16), "same value, 7"),
        (np.zeros((100, 100), np.uint16), "same value, 0"),
        (np.ones((1, 1), np.uint16), "at least 64 x 64 pixels, got 1 x 1"),
        (np.full((100, 100), np.nan, np.float32), "10000 of 10000 pixels are not finite"),
    ],
)
def test_what_is_no_image_is_refused_with_the_reason(pixels: np.ndarray, message: str) -> None:
    with pytest.raises(UnusableFrame, match=message):
        analyse(replace(field(), pixels=pixels), engine(), CONFIG)


def test_a_missing_pixel_size_is_refused_with_the_way_to_give_it() -> None:
    frame = field(pixel_size_nm=None)
    with pytest.raises(NoPixelSize, match="--pixel-size-nm"):
        analyse(frame, engine(), CONFIG)
    assert len(analyse(frame, engine(), AnalysisConfig(pixel_size_nm=0.05)).particles) == 3


def test_probabilities_are_a_softmax_and_doubt_is_unknown() -> None:
    p = probabilities(np.array([[0.0, np.log(3.0)]]), 1.0)
    assert p[0] == pytest.approx([0.25, 0.75])
    assert answer(p[0], ("a", "b"), 0.7) == ("b", pytest.approx(0.75))
    assert answer(p[0], ("a", "b"), 0.8)[0] == "unknown"
    assert probabilities(np.array([[1e4, -1e4]]), 1.0)[0] == pytest.approx([1, 0])

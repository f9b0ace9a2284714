"""Found against true particles: every number on squares of ten pixels, of which a person can count the pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from agent.core.results import FrameResult, Particle
from protocol.model_folder import check_card
from simulator.exit_waves.simulate import ParticleWave
from simulator.imaging.aberrations import Optics
from simulator.propagation.grid import Grid
from simulator.scenes.composition import FieldOfView
from simulator.scenes.exposure import Exposure
from simulator.scenes.placement import Placement
from simulator.scenes.truth import View, frame_truth
from tests import fakes
from tests.simulator.discs import texture
from tests.trainer.evaluation.discs import SHAPES, held_out
from tests.trainer.known_predictions import cells
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.evaluation.frames import (
    DOSE_BANDS,
    SPECK_PX,
    TILES,
    Comparison,
    Instance,
    _instances,
    _tiled,
    against,
    compared,
    composed_frames,
    networks_of,
    real_frames,
    together,
    vacuum_frames,
)
from trainer.report.detection import quantiles, real_section, simulated_section

SHAPE_PX = (60, 60)
PIXEL_NM = 0.1
RADIUS_PX = (100 / np.pi) ** 0.5
"""5.64, of a square of ten pixels."""


def square(y_px: int, x_px: int, side_px: int = 10) -> NDArray[np.bool_]:
    mask = np.zeros(SHAPE_PX, dtype=bool)
    mask[y_px : y_px + side_px, x_px : x_px + side_px] = True
    return mask


def instance(y_px: int, x_px: int, *, counted: bool = True, shape: str = "cube", side_px: int = 10) -> Instance:
    return Instance(mask=square(y_px, x_px, side_px), counted=counted, shape=shape, volume_diameter_nm=1.0)


def found(y_px: float, x_px: float, *, shape: str = "cube", border: bool = False, nm: float = 1.5) -> Particle:
    """A particle whose outline holds ten by ten pixels, the first of them at (y, x)."""
    low, high = np.array([y_px, x_px]) - 0.5, np.array([y_px, x_px]) + 9.5
    return Particle(
        y_px=y_px + 4.5,
        x_px=x_px + 4.5,
        diameter_nm=nm,
        outline_px=np.array([low, (low[0], high[1]), high, (high[0], low[1])], dtype=np.float32),
        touches_border=border,
        score=1.0,
        shape=shape,
        confidence=0.9,
        probabilities=np.array([0.9, 0.1]),
    )


def compare(particles: list[Particle], instances: list[Instance]) -> Comparison:
    result = FrameResult(sequence=0, camera_time_s=0.0, pixel_size_nm=PIXEL_NM, particles=tuple(particles))
    return against(result, instances, SHAPE_PX)


def test_a_particle_found_in_place_has_no_error() -> None:
    c = compare([found(20, 30)], [instance(20, 30)])
    assert (c.frames, c.counted, c.found, c.false, c.f1, c.f1_at_half_iou) == (1, 1, 1, 0, 1.0, 1.0)
    assert (c.instance_iou, c.union_iou, c.centre_error_nm) == ((1.0,), (1.0,), (0.0,))


def test_a_shift_of_half_its_width_is_found_but_not_at_half_overlap() -> None:
    """Five pixels of ten: 50 in common, 150 together; the centre is 5 px = 0.5 nm off, under the radius of 5.64."""
    c = compare([found(20, 35)], [instance(20, 30)])
    assert (c.f1, c.f1_at_half_iou) == (1.0, 0.0)
    assert c.instance_iou == pytest.approx([1 / 3])
    assert c.union_iou == pytest.approx([1 / 3])
    assert c.centre_error_nm == pytest.approx([0.5])


def test_beyond_half_the_true_diameter_it_is_a_false_one_and_a_missed_one() -> None:
    c = compare([found(20, 36)], [instance(20, 30)])
    assert (c.found, c.false, c.f1) == (0, 1, 0.0)


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    """Two of three found, and one false: precision 2/3, recall 2/3; and one missed more: recall 2/4."""
    instances = [instance(0, 0), instance(0, 20), instance(0, 40)]
    particles = [found(0, 0), found(0, 20), found(40, 40)]
    assert compare(particles, instances).f1 == pytest.approx(2 / 3)
    assert compare(particles, [*instances, instance(20, 0)]).f1 == pytest.approx(
        2 * (2 / 3) * (1 / 2) / (2 / 3 + 1 / 2)
    )


def test_a_body_found_twice_is_one_hit_and_one_false() -> None:
    c = compare([found(20, 32), found(20, 29)], [instance(20, 30)])
    assert (c.found, c.false) == (1, 1)
    assert c.centre_error_nm == pytest.approx([0.1])


def test_sizes_are_found_less_true_and_of_whole_particles_only() -> None:
    """A square of ten pixels is a disc of 11.28 px = 1.128 nm; the sphere behind it has 1 nm."""
    c = compare([found(20, 30, nm=1.5), found(0, 0, nm=9.0, border=True)], [instance(20, 30), instance(0, 0)])
    assert c.diameter_error_nm == pytest.approx([1.5 - 2 * RADIUS_PX * PIXEL_NM])
    assert c.volume_diameter_error_nm == pytest.approx([0.5])
    assert len(c.centre_error_nm) == 2


def test_answers_are_those_of_whole_particles_whose_shape_is_known() -> None:
    instances = [instance(0, 0, shape="cube"), instance(0, 20, shape=""), instance(0, 40, shape="cube")]
    particles = [found(0, 0, shape="unknown"), found(0, 20, shape="cube"), found(0, 40, shape="cube", border=True)]
    assert compare(particles, instances).answers == (("cube", "unknown"),)


def test_what_is_not_wanted_excuses_whatever_lies_on_it_and_earns_nothing() -> None:
    """A instance of four pixels: the found ones' own radius (0.75 nm = 7.5 px) reaches it, from both sides."""
    speck = instance(24, 24, counted=False, side_px=2)
    c = compare([found(20, 18), found(20, 22), found(45, 45)], [speck])
    assert (c.counted, c.found, c.false) == (0, 0, 1)
    assert c.instance_iou == ()


def test_finding_what_is_not_wanted_is_no_hit() -> None:
    c = compare([found(20, 30)], [instance(20, 30, counted=False), instance(0, 0)])
    assert (c.counted, c.found, c.false, c.f1) == (1, 0, 0, 0.0)


def test_a_wanted_body_comes_before_a_nearer_one_that_is_not_wanted() -> None:
    c = compare([found(20, 30)], [instance(20, 33), instance(24, 34, counted=False, side_px=2)])
    assert (c.found, c.false) == (1, 0)


def test_nothing_found_where_nothing_is_says_nothing() -> None:
    c = compare([], [])
    assert np.isnan(c.f1)
    assert c.union_iou == ()
    assert compare([found(0, 0)], []).union_iou == (0.0,)


def test_several_frames_are_counted_together() -> None:
    c = together(
        [compare([found(20, 30)], [instance(20, 30)]), compare([], [instance(0, 0)]), compare([found(0, 0)], [])]
    )
    assert (c.frames, c.counted, c.found, c.false) == (3, 2, 1, 1)
    assert c.f1 == pytest.approx(2 / 4)
    assert c.union_iou == (1.0, 0.0, 0.0)
    assert c.answers == (("cube", "cube"),)


def test_the_pipeline_s_own_particles_are_compared_frame_by_frame() -> None:
    """Three dark discs that drift by two pixels a frame, and a fourth that is not there."""

    def truth(number: int) -> list[Instance]:
        y, x = np.mgrid[:400, :480]
        discs = [(100, 110, 45), (280, 200, 55), (150, 350, 60), (330, 420, 30)]
        return [Instance(mask=np.hypot(y - r - 2 * number, x - c) < radius, counted=True) for r, c, radius in discs]

    c = compared(fakes.fake_networks(), iter([(fakes.field(n), truth(n)) for n in range(2)]))
    assert (c.frames, c.counted, c.found, c.false) == (2, 8, 6, 0)
    assert c.f1 == pytest.approx(12 / 14)
    # 0.24 nm is a pixel of the detector, 4.8 of the camera's.
    assert max(c.centre_error_nm) < 0.24
    assert np.abs(c.diameter_error_nm).max() < 0.48


def placed(y_px: int, x_px: int) -> Placement:
    """A particle of 20 by 20 pixels of the field."""
    mask = np.zeros((32, 32), dtype=bool)
    mask[6:26, 6:26] = True
    wave = ParticleWave(
        index=0,
        wave=np.ones((32, 32), dtype=np.complex64),
        mask=mask,
        shape="cube",
        element="Au",
        energy_kev=300.0,
        diameter_nm=0.8,
        depth_nm=0.7,
        zone_angle_deg=0.0,
        quaternion=np.array([1.0, 0, 0, 0]),
    )
    return Placement(particle=wave, y_px=y_px, x_px=x_px)


def test_a_body_is_wanted_when_half_of_its_projection_is_in_the_frame() -> None:
    """The camera sees from 0.4 nm on, with pixels twice the field's: a whole square has 100 of them."""
    labels = np.zeros((120, 120), dtype=np.int32)
    labels[40:60, 40:60] = 1  # whole
    labels[0:20, 80:100] = 2  # cut: the rows from 10 on are seen
    labels[80:100, 1:13] = 3  # a column of the camera is seen
    field = FieldOfView(
        wave=torch.ones(1, 1, dtype=torch.complex64),
        grid=Grid(size_px=120, pixel_size_nm=0.04),
        labels=labels,
        placements=(placed(50, 50), placed(10, 90), placed(90, 1)),
        film_nm=0.0,
        energy_kev=300.0,
    )
    view = View(corner_px=(5, 5), shape_px=(50, 50), pixel_size_nm=0.08, field_pixel_size_nm=0.04)
    exposure = Exposure(
        counts=np.zeros((50, 50), dtype=np.uint16),
        truth=frame_truth(field, view),
        dose_e_per_a2=1000.0,
        optics=Optics(energy_kev=300.0, c1_nm=0.0, focal_spread_nm=1.0),
        film_nm=0.0,
    )
    whole, cut, rim = _instances(exposure)
    assert (whole.mask.sum(), whole.counted, whole.shape, whole.volume_diameter_nm) == (100, True, "cube", 0.8)
    np.testing.assert_array_equal(np.argwhere(whole.mask).mean(0), [19.5, 19.5])
    assert (cut.mask.sum(), cut.counted) == (50, True)
    assert (rim.mask.sum(), rim.counted) == (10, False)


def write_real(folder: Path, mask: NDArray[np.bool_]) -> None:
    for name in ("images", "masks"):
        (folder / name).mkdir()
    Image.fromarray(np.full(mask.shape, 90, dtype=np.uint8)).save(folder / "images" / "image_7.png")
    Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "masks" / "label_7.png")


def test_hand_masks_are_parted_into_bodies_and_specks(tmp_path: Path) -> None:
    mask = np.zeros(SHAPE_PX, dtype=bool)
    mask[0:10, 0 : SPECK_PX // 10] = True
    mask[30:40, 0 : SPECK_PX // 10] = True
    mask[30, 0] = False  # one pixel too few
    write_real(tmp_path, mask)
    ((frame, instances),) = real_frames(tmp_path)
    assert (frame.sequence, frame.pixel_size_nm, frame.shape_px) == (7, 0.059, SHAPE_PX)
    assert [(int(b.mask.sum()), b.counted) for b in instances] == [(SPECK_PX, True), (SPECK_PX - 1, False)]


def test_a_folder_without_real_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no images/image_\*\.png"):
        list(real_frames(tmp_path))


def test_an_image_without_its_mask_is_refused(tmp_path: Path) -> None:
    write_real(tmp_path, square(0, 0))
    (tmp_path / "masks" / "label_7.png").unlink()
    with pytest.raises(FileNotFoundError, match="label_7"):
        list(real_frames(tmp_path))


def test_errors_are_told_by_median_and_95th_percentile_of_their_magnitude() -> None:
    assert quantiles([-1.0, 2.0, -3.0]) == "2.00 / 2.90"
    assert quantiles([]) == "—"


def test_the_section_sums_doses_and_keeps_the_uncorrected_apart() -> None:
    hit = compare([found(20, 30)], [instance(20, 30)])
    miss = compare([found(40, 40, shape="unknown")], [instance(0, 0)])
    doubted = compare([found(20, 30, shape="unknown")], [instance(20, 30)])
    by_band = dict(zip(DOSE_BANDS, (miss, miss, hit, doubted, hit), strict=True))
    text = simulated_section(by_band, miss)
    found_line, _, shapes = cells(text, "300 and more")
    assert found_line == ["3", "3", "3", "0", "1.000", "1.000", "1.000"]
    assert shapes == ["3", "66.7", "100.0"]
    # Three hits of five, and two false: 2 * 3 / (5 + 5).
    assert cells(text, "all")[0][:5] == ["5", "5", "3", "2", "0.600"]
    assert cells(text, "300–1000, without corrector")[0][:5] == ["1", "1", "0", "1", "0.000"]
    assert cells(text, "20–100")[1] == ["—"] * 4


def test_vacuum_has_false_ones_and_no_f1() -> None:
    real = compare([found(20, 30)], [instance(20, 30)])
    text = real_section(real, {0.03: together([compare([found(0, 0)], []), compare([], [])])})
    assert cells(text, "real vacuum, as if 0.03 nm/px")[0] == ["2", "0", "0", "1", "—", "—", "—"]


def stack_of(path: Path, *images: NDArray[np.uint16]) -> Path:
    tifffile.imwrite(path, images[0] if len(images) == 1 else np.stack(images), photometric="minisblack")
    return path


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_stack_of_vacuum_is_its_images_also_when_it_is_one(count: int, tmp_path: Path) -> None:
    """A file of a single image has no axis of frames; its rows are no frames."""
    images = [np.full((40, 50), n, dtype=np.uint16) for n in range(count)]
    found = list(vacuum_frames(stack_of(tmp_path / "v.tif", *images), 0.03))
    assert [frame.shape_px for frame, _ in found] == [(40, 50)] * count
    assert [int(frame.pixels[0, 0]) for frame, _ in found] == list(range(count))
    assert [frame.sequence for frame, _ in found] == list(range(count))
    assert {frame.pixel_size_nm for frame, _ in found} == {0.03}
    assert all(instances == [] for _, instances in found)


def test_composed_frames_follow_from_seed_band_and_number_alone() -> None:
    material = held_out()
    (one, _), (two, _) = composed_frames(material, (300.0, 1000.0), 2, 7)
    ((again, instances),) = composed_frames(material, (300.0, 1000.0), 1, 7)
    ((other, _),) = composed_frames(material, (20.0, 100.0), 1, 7)
    np.testing.assert_array_equal(one.pixels, again.pixels)
    assert one.shape_px != two.shape_px or (one.pixels != two.pixels).any()
    assert one.shape_px != other.shape_px or (one.pixels != other.pixels).any()
    assert one.pixels.dtype == np.uint16
    for instance in instances:
        assert instance.mask.shape == one.shape_px
        assert instance.shape in SHAPES
        assert instance.volume_diameter_nm == pytest.approx(2.4)


def test_a_film_of_a_frame_is_the_small_one_again_and_again() -> None:
    film = texture(16)
    wide = _tiled(film)
    assert wide.wave.shape == (16 * TILES, 16 * TILES)
    np.testing.assert_array_equal(wide.wave[16:, :16], film.wave)
    assert (wide.thickness_nm, wide.energy_kev) == (film.thickness_nm, film.energy_kev)


def test_networks_are_served_as_they_were_measured() -> None:
    """Sigmoid on the maps, logits as they come, and the temperature, threshold and geometry that were given."""

    class Doubled(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 2 * x

    networks = networks_of(Doubled(), ("a", "b"), Doubled(), 1.5, 0.8, LEGACY_GEOMETRY)
    x = np.array([[1.0, -1.0]], dtype=np.float32)
    np.testing.assert_array_equal(networks.classify(x), 2 * x)
    np.testing.assert_allclose(networks.detect(x), 1 / (1 + np.exp(-2 * x)), rtol=1e-6)
    card = networks.classifier_card
    assert (card.temperature, card.threshold, card.classes) == (1.5, 0.8, ("a", "b"))
    assert (card.geometry, networks.detector_card.geometry) == (LEGACY_GEOMETRY.classifier, LEGACY_GEOMETRY.detector)
    check_card(card, "classifier", "fp32")
    check_card(networks.detector_card, "detector", "fp32")


@given(
    st.lists(st.tuples(st.integers(0, 49), st.integers(0, 49)), max_size=5),
    st.lists(st.tuples(st.integers(0, 49), st.integers(0, 49), st.booleans()), max_size=5),
)
def test_counts_of_a_comparison_add_up(
    particles: list[tuple[int, int]], instances: list[tuple[int, int, bool]]
) -> None:
    c = compare([found(y, x) for y, x in particles], [instance(y, x, counted=counted) for y, x, counted in instances])
    assert c.counted == sum(counted for _, _, counted in instances)
    assert c.found <= min(c.counted, len(particles))
    assert c.found + c.false <= len(particles)
    assert len(c.instance_iou) == len(c.centre_error_nm) == c.found
    assert all(0 <= iou <= 1 for iou in (*c.instance_iou, *c.union_iou))
    assert np.isnan(c.f1) or 0 <= c.f1_at_half_iou <= c.f1 <= 1
    # What is seen once, is seen twice in two such frames.
    twice = together([c, c])
    assert (twice.frames, twice.found, twice.false) == (2, 2 * c.found, 2 * c.false)
    assert np.isnan(c.f1) or twice.f1 == pytest.approx(c.f1)
    assert together([]).frames == 0

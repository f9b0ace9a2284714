"""Tables and sections on what is right: by class, condition and study, fused, by outline; and the whole report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulator.exit_waves.simulate import ParticleWave
from simulator.recipe import WaveRecipe, read_envelope, read_waves
from tests.simulator.tiny import write_tiny
from tests.trainer.judged import cells, judgement, rows_of, sure
from trainer.data.dataset import Patches
from trainer.data.samples import NO_CLASS, Samples
from trainer.evaluation.baselines import nearest_neighbours, outline_features, size_features
from trainer.evaluation.controlled import RANDOM_CARBON_NM, RANDOM_CARBON_PER_NM3, Material, _thrown, gathered
from trainer.evaluation.frames import DOSE_BANDS, Comparison, together
from trainer.evaluation.out_of_distribution import SETS
from trainer.evaluation.predictions import class_accuracy, classifier_measures, logits_of
from trainer.evaluation.probe_images import FRAMES, Sights, _kept, _strange
from trainer.evaluation.published_unets import PERFECT, SilverFrames, best_of_coarse, score, upsampled
from trainer.report.build import OWN, report
from trainer.report import classification as report_shapes
from trainer.report import uncertainty as report_honesty
from trainer.report.measure import Measured, Plan, check_classes
from trainer.report.tables import accuracy_cells, class_shares, interval, percent, picture, table

CLASSES = ("cube", "icosahedron")


def test_a_table_is_markdown_with_its_numbers_to_the_right() -> None:
    assert table(("a", "b"), [("x", 1), ("y", 2.5)]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n| y | 2.5 |"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a row needs 2 cells, got 1"):
        table(("a", "b"), [("x",)])


def test_shares_are_told_in_percent_and_what_is_not_there_by_a_dash() -> None:
    assert (percent(0.12345), percent(1), percent(float("nan"))) == ("12.3", "100.0", "—")
    assert picture("a.png", "caption") == "![caption](pictures/a.png)"


def test_intervals_count_structures_not_images() -> None:
    """Six of eight images right; of four structures Wilson gives 30.1 to 95.4 %, of eight 40.9 to 92.9 %."""
    right = np.array([True] * 6 + [False] * 2)
    assert accuracy_cells(right, np.arange(8) // 2) == ["75.0", "30.1–95.4", "8", "4"]
    assert accuracy_cells(right, np.arange(8)) == ["75.0", "40.9–92.9", "8", "8"]
    assert accuracy_cells(right[:0], np.arange(0)) == ["—", "—", "0", "0"]
    assert interval(right[:0], np.arange(0)) == (0, 1)


def test_a_class_without_images_has_no_accuracy() -> None:
    shares = class_shares(np.array([True, False, True]), np.array([0, 0, 2]), 3)
    assert shares[::2] == [0.5, 1.0]
    assert np.isnan(shares[1])


def test_the_confusion_has_unknown_and_recall_and_precision_have_none(tmp_path: Path) -> None:
    """Cubes: one right, one called icosahedron, one right in doubt. Icosahedra: one right."""
    p, rows = sure([0, 1, 0, 1], [0.9, 0.9, 0.6, 0.9]), rows_of([0, 0, 0, 1])
    text = report_shapes.confusion_section(judgement(p, rows), CLASSES, 300.0, tmp_path)
    (matrix, recall), (other, other_recall) = cells(text, "cube"), cells(text, "icosahedron")
    assert (matrix, other) == (["1", "1", "1"], ["0", "1", "0"])
    assert (recall[0], recall[-1]) == ("66.7", "100.0")
    assert (other_recall[0], other_recall[-1]) == ("100.0", "50.0")


def test_conditions_are_binned_by_their_magnitude_and_only_doses_begin_at_zero() -> None:
    rows = rows_of([0, 0, 1], defocus_nm=[-3.0, 3.0, 7.0], dose_e_per_a2=[1000, 1000, 50], element=["Au", "Ag", "Au"])
    text = report_shapes.condition_section(judgement(sure([0, 1, 1], 0.9), rows), material(), 300.0)
    assert cells(text, "2.5–5")[0][::2] == ["50.0", "2"]
    assert cells(text, "5–10")[0][::2] == ["—", "0"]
    assert cells(text, "0–100")[0][::2] == ["100.0", "1"]
    assert cells(text, "Au")[0][::2] == ["100.0", "1"]
    assert cells(text, "Ag")[0][::2] == ["0.0", "1"]


def test_a_study_shows_every_value_and_draws_numbers_only(tmp_path: Path) -> None:
    good = (sure([0, 1], 0.9), rows_of([0, 1]))
    bad = (sure([0, 0], 0.9), rows_of([0, 1]))
    text = report_shapes.study_section("s", "dose", {1.0: bad, 10.0: good}, CLASSES, tmp_path)
    assert cells(text, "1") == [["50.0", "9.5–90.5", "2", "2", "100.0", "0.0"]]
    assert cells(text, "10")[0][-2:] == ["100.0", "100.0"]
    assert (tmp_path / "s.png").exists()
    words = report_shapes.study_section("w", "film", {"none": good}, CLASSES, tmp_path)
    assert "![" not in words
    assert not (tmp_path / "w.png").exists()


def test_a_study_that_lacks_a_class_says_so(tmp_path: Path) -> None:
    text = report_shapes.study_section("s", "film", {"none": (sure([0], 0.9), rows_of([0]))}, CLASSES, tmp_path)
    assert cells(text, "none")[0][-2:] == ["100.0", "—"]


def test_bins_are_named_by_their_middle_and_the_empty_left_out() -> None:
    rows = rows_of([0, 0, 0], diameter_nm=[1.0, 2.0, 9.0])
    parts = report_shapes.binned((sure([0, 0, 0], 0.9), rows), "diameter_nm", (1, 2, 4, 6))
    assert {middle: len(p) for middle, (p, _) in parts.items()} == {1.5: 1, 3.0: 1}


def test_fused_images_are_counted_by_particle() -> None:
    """A wrong view of 0.6 against four right ones of 0.7; another particle has a single image."""
    p = sure([1, 0, 0, 0, 0, 0], [0.6, 0.7, 0.7, 0.7, 0.7, 0.9])
    text, reached = report_shapes.fused_section({"own": (p, rows_of([0] * 6, [1] * FRAMES + [2]))}, 1)
    assert reached["own", FRAMES] == (1.0, 1)
    assert [line[:1] + line[3:4] for line in cells(text, "own")] == [["1", "2"], ["2", "1"], ["5", "1"]]


def test_the_last_step_of_the_ladder_is_shown_by_angle() -> None:
    seen = (sure([0, 1], 0.9), rows_of([0, 0], zone_deg=[2.0, 12.0]))
    text = report_shapes.ladder_section({"as drawn": seen, "perfect": seen}, CLASSES)
    assert cells(text, "perfect")[0][-2:] == ["50.0", "—"]
    assert [cells(text, angle)[0][0] for angle in ("2.5", "12.5")] == ["100.0", "0.0"]


def test_the_learning_curve_is_sorted_and_its_want_is_said(tmp_path: Path) -> None:
    path = tmp_path / "curve.jsonl"
    assert "no learning curve" in report_shapes.learning_section(path, tmp_path)
    runs = [{"exit_waves": n, "image_passes": 7, "accuracy": a} for n, a in ((2000, 0.8), (100, 0.5))]
    path.write_text("\n".join(json.dumps(run) for run in runs))
    text = report_shapes.learning_section(path, tmp_path)
    assert text.index("| 100 | 7 | 50.0 |") < text.index("| 2,000 | 7 | 80.0 |")


def disc(radius: float = 12, size: int = 40, squash: float = 1.0) -> NDArray[np.bool_]:
    y, x = np.mgrid[:size, :size] - size / 2 + 0.5
    return np.asarray(np.hypot(y * squash, x) < radius)


def test_an_outline_s_features_know_no_turn_and_no_flip() -> None:
    mask = disc(squash=1.6)
    mask[:20, :14] = False
    turned = outline_features([mask, np.rot90(mask), mask[::-1], mask[:, ::-1], np.pad(mask, 3)])
    np.testing.assert_allclose(turned, np.repeat(turned[:1], 5, 0), atol=0.02)


def test_a_disc_fills_its_circle_and_an_ellipse_has_a_second_harmonic() -> None:
    round_one, long_one = outline_features([disc(), disc(squash=1.6)])
    assert round_one[0] == pytest.approx(np.log(np.pi * 12**2), abs=0.02)
    assert round_one[1] == pytest.approx(1, abs=0.05)
    assert long_one[1] == pytest.approx(1 / 1.6, abs=0.06)
    assert round_one[2:].max() < 0.02
    assert long_one[2:].argmax() == 1


def test_neighbours_vote_by_shares() -> None:
    """25 known of 1 nm, 20 of class 0 and five of class 1, and 25 of 5 nm of class 1."""
    known = size_features([1.0 + 0.001 * n for n in range(25)] + [5.0] * 25)
    labels = np.array([0] * 20 + [1] * 30)
    np.testing.assert_allclose(nearest_neighbours(known, labels, size_features([1.01, 5.2]), 2), [[0.8, 0.2], [0, 1]])


def test_the_card_s_measures_are_shares_of_the_rows() -> None:
    rows = rows_of([0] * 20 + [1] * 20, defocus_nm=-6.0, dose_e_per_a2=[200] * 20 + [2000] * 20)
    p = sure([0] * 15 + [1] * 5 + [1] * 20, 0.9)
    measures = classifier_measures(p, rows)
    assert (measures["accuracy"], measures["patches"], measures["accuracy_defocus_nm_5_10"]) == (0.875, 40, 0.875)
    assert (measures["accuracy_dose_e_per_a2_100_300"], measures["accuracy_dose_e_per_a2_1000_3000"]) == (0.75, 1.0)
    assert "accuracy_dose_e_per_a2_300_1000" not in measures
    assert class_accuracy(p, rows["label"], CLASSES) == {"cube": 0.75, "icosahedron": 1.0}


def test_the_published_score_is_a_softmax_s_cross_entropy() -> None:
    """Right everywhere: 0. At a half everywhere: ln 2 less the perfect 0.3133. Wrong: ln(1 + e) less that."""
    mask = disc()
    assert pytest.approx(0.31326, abs=1e-5) == PERFECT
    assert score(mask.astype(float), mask) == pytest.approx(0)
    assert score(np.full(mask.shape, 0.5), mask) == pytest.approx(np.log(2) - PERFECT)
    assert score(1.0 - mask, mask) == pytest.approx(1.0)


def test_a_coarse_map_lands_where_its_pixels_were() -> None:
    coarse = np.arange(6.0)[None].repeat(6, 0)
    fine = upsampled(coarse, 4.0, 24)
    # Camera pixel n is at (n + 0.5) / 4 - 0.5 of the map, which ends at its first and last pixels.
    np.testing.assert_allclose(fine[10, [0, 2, 5, 6, 23]], [0, 0.125, 0.875, 1.125, 5], atol=1e-9)
    assert 0 < best_of_coarse(disc(200, 640)) < 0.01
    assert best_of_coarse(np.ones((640, 640), dtype=bool)) == pytest.approx(0)


def test_carbon_thrown_at_random_is_dense_enough_and_keeps_its_distance() -> None:
    at = _thrown(np.array([2.0, 2.0, 1.0]), np.random.default_rng(1))
    assert len(at) == round(RANDOM_CARBON_PER_NM3 * 4)
    assert (at >= 0).all()
    assert (at < (2, 2, 1)).all()
    assert cKDTree(at).query(at, 2)[0][:, 1].min() >= RANDOM_CARBON_NM


def recipe(folder: Path) -> WaveRecipe:
    return read_waves(write_tiny(folder))


def wave(index: int) -> ParticleWave:
    """Cubes are narrow and icosahedra round."""
    return ParticleWave(
        index=index,
        wave=np.ones((40, 40), dtype=np.complex64),
        mask=disc(squash=1.8 if index % 2 == 0 else 1.0),
        shape=CLASSES[index % 2],
        element="Au",
        energy_kev=200.0,
        diameter_nm=1.8,
        depth_nm=1.0,
        zone_angle_deg=3.0,
        quaternion=np.array([1.0, 0, 0, 0]),
    )


def material(folder: Path | None = None) -> Material:
    """Six held-out particles; sixty of training, all of one size."""
    shipped = Path(report_shapes.__file__).parents[2] / "simulator" / "recipes" / "task.toml"
    waves = tuple(wave(n) for n in range(6))
    return Material(
        recipe=read_waves(shipped) if folder is None else recipe(folder),
        envelope=read_envelope(shipped),
        waves=waves,
        films=(),
        seen_masks=tuple(w.mask for w in waves) * 10,
        seen_rows=tuple((w.index % 2, w.diameter_nm) for w in waves) * 10,
    )


def test_the_outline_tells_what_the_size_does_not(tmp_path: Path) -> None:
    text = report_shapes.baseline_section(material(tmp_path))
    assert cells(text, "nothing (chance)")[0][0] == "50.0"
    assert cells(text, "the exact outline, without noise")[0][0] == "100.0"
    assert cells(text, "the exact size")[0][0] == "50.0"
    assert "60 training particles are the neighbours; chance is one in 2." in text


def test_a_network_of_other_classes_than_the_stock_s_is_refused(tmp_path: Path) -> None:
    check_classes(CLASSES, recipe(tmp_path))
    with pytest.raises(ValueError, match="knows icosahedron, cube, the stock holds cube, icosahedron"):
        check_classes(CLASSES[::-1], recipe(tmp_path))


def patches(labels: list[int], waves: list[int] | None = None) -> Patches:
    """Bright ones are icosahedra."""
    held = np.zeros((len(labels), 8, 8), dtype=np.float16)
    held[np.array(labels) == 1] = 1
    return Patches(patches=held, rows=rows_of(labels, waves, zone_deg=7.0, diameter_nm=4.0))


def test_rendered_images_are_kept_and_read_back(tmp_path: Path) -> None:
    made = {"a": patches([0, 1]), "b": patches([1])}
    first = _kept(tmp_path / "x.npz", lambda: made)
    again = _kept(tmp_path / "x.npz", lambda: pytest.fail("rendered twice"))
    for kept in (first, again):
        assert list(kept) == ["a", "b"]
        np.testing.assert_array_equal(kept["a"].patches, made["a"].patches)
        np.testing.assert_array_equal(kept["b"].rows["element"], ["Au"])


def test_strange_inputs_kept_for_another_training_are_refused(tmp_path: Path) -> None:
    """Their names say what the network was taught: a new network's report would repeat what held for the old one."""
    path = tmp_path / "strange.npz"
    np.savez(
        path, names=np.array([*SETS[:-1], "cuboctahedron (never heard of)"]), **{str(n): [n] for n in range(len(SETS))}
    )
    with pytest.raises(ValueError, match=r"strange\.npz was rendered for .*never heard of\); delete it"):
        _strange(material(tmp_path), path, 1)


def test_sights_without_a_class_are_left_out() -> None:
    samples = Samples(patches=[np.full((2, 2), n, np.float16) for n in range(3)])
    samples.rows = [{"label": label, "wave": n} for n, label in enumerate((0, NO_CLASS, 1))]
    kept = gathered(samples)
    assert list(kept.rows["wave"]) == [0, 2]
    assert list(kept.patches[:, 0, 0]) == [0, 2]


class Brightness(torch.nn.Module):
    """Bright patches are icosahedra, by 0.98."""

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        by = 8 * batch.mean((1, 2, 3)) - 4
        return torch.stack([-by / 2, by / 2], 1)


class Nothing(torch.nn.Module):
    """A detector that sees no particle."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return torch.full((len(maps), 3, *maps.shape[2:]), -20.0)


def measured(folder: Path, **changes: Any) -> Measured:
    labels = [0, 0, 1, 1] * 20
    bank = patches(labels, [n // 2 for n in range(80)])
    logits = logits_of(Brightness(), bank.patches)
    judged = judgement(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), bank.rows, np.arange(80) < 40)
    views = patches([0, 1] * FRAMES, [0, 1] * FRAMES)
    none = Comparison(
        frames=1,
        wanted=2,
        found=2,
        false=1,
        union_iou=(0.9,),
        own_iou=(0.9, 0.4),
        centre_error_nm=(0.1, 0.2),
        diameter_error_nm=(0.1, -0.1),
        volume_diameter_error_nm=(0.3, 0.3),
        answers=(("cube", "cube"), ("cube", "unknown")),
    )
    each: dict[Any, Patches] = {1.0: patches(labels), 10.0: patches(labels)}
    silver = SilverFrames(
        counts=np.random.default_rng(1).poisson(50, (1, 5, 96, 96)).astype(np.uint16),
        their_mask=np.zeros((1, 96, 96), dtype=bool),
        our_mask=disc(20, 96)[None],
    )
    strange = {"vacuum": np.zeros((4, 2)), "gold": np.array([[5.0, 0.0]])}
    values: dict[str, Any] = {
        "plan": Plan(**dict.fromkeys(("classifier", "detector", "bank", "stock", "cache"), folder), populations=2),
        "classes": CLASSES,
        "steps": (1900, 900),
        "judged": judged,
        "of": material(folder),
        "seen": Sights(
            dose=each,
            focus=each,
            pixel=each,
            aperture=each,
            film={"none": patches(labels)},
            ladder={"as drawn": patches(labels)},
            refocused=views,
            repeated=views,
            strange={},
            silver=silver,
        ),
        "network": Brightness(),
        "detector": Nothing(),
        "strange": strange,
        "by_band": dict.fromkeys(DOSE_BANDS, none),
        "uncorrected": none,
        "real": None,
        "vacuum": {},
        "second": None,
    }
    return Measured(**{**values, **changes})


@pytest.fixture
def two_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_honesty, "POPULATIONS", {"equal": (0.5, 0.5)})


@pytest.mark.usefixtures("two_classes")
def test_the_whole_report_says_what_was_measured_and_what_was_not(tmp_path: Path) -> None:
    text = report(measured(tmp_path), tmp_path / "pictures", "beamside-train report --x")
    assert text.startswith("# What the engine does\n")
    assert "```\nbeamside-train report --x\n```" in text
    assert cells(text, "right of all, %")[0] == ["92", "100.0", "40", "20"]
    assert cells(text, f"right, {FRAMES} images of a particle fused, {OWN}, %")[0][1:] == ["100.0", "", "2"]
    # Five bands, each of two wanted, two found, one false: 2 * 2 / 5.
    assert cells(text, "F1 on composed frames, from 20 e/Å²")[0] == ["0.97", "0.800", "5 frames", "10"]
    assert cells(text, "F1 on composed frames, 300 e/Å² and more")[0][2:] == ["3 frames", "6"]
    assert cells(text, "sets temperature and threshold")[0] == ["40", "20"]
    assert "Steps: classifier 1,900, detector 900." in text
    assert cells(text, "5–10")[-1][6:] == ["40", "20"]
    # A map of nothing against a mask of nothing is perfect.
    assert cells(text, "our one network, silver 5–7 nm, their mask")[0] == ["0.0000"] * 5
    for want in ("No real frames were given", "No bank of another simulator was given", "The bank has none."):
        assert want in text
    shown = {line.split("(pictures/")[1].rstrip(")") for line in text.splitlines() if line.startswith("![")}
    assert shown <= {path.name for path in (tmp_path / "pictures").iterdir()}
    assert len(shown) == 10


@pytest.mark.usefixtures("two_classes")
def test_another_simulator_and_real_frames_have_their_own_lines(tmp_path: Path) -> None:
    """Three images of another simulator, the faint one wrong; and an uncorrected microscope that errs every time."""
    m = measured(tmp_path)
    rows = rows_of([0, 1, 1], dose_e_per_a2=[1000, 1000, 150])
    m.judged.rows["c3_nm"][70:] = 1e6
    m.judged.rows["label"][70:] = 1 - m.judged.rows["label"][70:]
    real = together([m.uncorrected, m.uncorrected])
    told = report(measured(tmp_path, judged=m.judged, second=(sure([0, 1, 0], 0.9), rows), real=real), tmp_path, "")
    assert cells(told, "right of all, another simulator's images, %")[0] == ["92", "100.0", "2", "2"]
    assert cells(told, "100 e/Å² and more")[0][:4] == ["66.7", "20.8–93.9", "3", "3"]
    assert cells(told, "100 e/Å² and more")[0][-2:] == ["33.3", "100.0"]
    assert cells(told, "300 e/Å² and more")[0][0] == "100.0"
    assert cells(told, "F1 on real frames")[0] == ["0.99", "0.800", "2 frames", "4"]
    assert cells(told, "C3 of 0.5 to 1.2 mm, C1 of -150 to -30 nm")[0][-2:] == ["100.0", "100.0"]

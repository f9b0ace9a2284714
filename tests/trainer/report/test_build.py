"""The whole report."""

from __future__ import annotations

from pathlib import Path

from tests.trainer.known_predictions import cells, metadata_of, sure
from tests.trainer.known_report import measured
from trainer.evaluation.frames import together
from trainer.evaluation.probe_images import FRAMES
from trainer.report.aims import EACH_STATE
from trainer.report.build import report


def test_the_whole_report_says_what_was_measured_and_what_was_not(tmp_path: Path) -> None:
    text = report(measured(tmp_path), tmp_path / "pictures", "beamside-train report --x")
    assert text.startswith("# What the model does\n")
    assert "```\nbeamside-train report --x\n```" in text
    assert cells(text, "right of all, %")[0] == ["92", "100.0", "40", "20"]
    assert cells(text, f"right, {FRAMES} images of a particle fused, {EACH_STATE}, %")[0][1:] == ["100.0", "", "2"]
    # Five bands, each of two counted, two found, one false: 2 * 2 / 5.
    assert cells(text, "F1 on composed frames, from 20 e/Å²")[0] == ["0.97", "0.800", "5 frames", "10"]
    assert cells(text, "F1 on composed frames, 300 e/Å² and more")[0][2:] == ["3 frames", "6"]
    assert cells(text, "sets temperature and threshold")[0] == ["40", "20"]
    assert "Steps: classifier 1,900, detector 900." in text
    assert cells(text, "5–10")[-1][6:] == ["40", "20"]
    # A map of nothing against a mask of nothing is perfect.
    assert cells(text, "our one network, silver 5–7 nm, their mask")[0] == ["0.0000"] * 5
    for want in ("No real frames were given", "No dataset of another simulator was given", "The dataset has none."):
        assert want in text
    shown = {line.split("(pictures/")[1].rstrip(")") for line in text.splitlines() if line.startswith("![")}
    assert shown <= {path.name for path in (tmp_path / "pictures").iterdir()}
    assert len(shown) == 10


def test_another_simulator_and_real_frames_have_their_own_lines(tmp_path: Path) -> None:
    """Three images of another simulator, the faint one wrong; and an uncorrected microscope that errs every time."""
    m = measured(tmp_path)
    metadata = metadata_of([0, 1, 1], dose_e_per_a2=[1000, 1000, 150])
    m.predictions.metadata["c3_nm"][70:] = 1e6
    m.predictions.metadata["label"][70:] = 1 - m.predictions.metadata["label"][70:]
    real = together([m.uncorrected, m.uncorrected])
    told = report(
        measured(tmp_path, predictions=m.predictions, reference=(sure([0, 1, 0], 0.9), metadata), real=real),
        tmp_path,
        "",
    )
    assert cells(told, "right of all, another simulator's images, %")[0] == ["92", "100.0", "2", "2"]
    assert cells(told, "100 e/Å² and more")[0][:4] == ["66.7", "20.8–93.9", "3", "3"]
    assert cells(told, "100 e/Å² and more")[0][-2:] == ["33.3", "100.0"]
    assert cells(told, "300 e/Å² and more")[0][0] == "100.0"
    assert cells(told, "F1 on real frames")[0] == ["0.99", "0.800", "2 frames", "4"]
    assert cells(told, "C3 of 0.5 to 1.2 mm, C1 of -150 to -30 nm")[0][-2:] == ["100.0", "100.0"]

"""Sections on what is right: by class, by condition, by outline alone."""

from __future__ import annotations

from pathlib import Path

from tests.trainer.known_predictions import cells, metadata_of, predictions_of, sure
from tests.trainer.known_report import CLASSES, material
from trainer.report import classification


def test_the_confusion_has_unknown_and_recall_and_precision_have_none(tmp_path: Path) -> None:
    """Cubes: one right, one called icosahedron, one right in doubt. Icosahedra: one right."""
    p, metadata = sure([0, 1, 0, 1], [0.9, 0.9, 0.6, 0.9]), metadata_of([0, 0, 0, 1])
    text = classification.confusion_section(predictions_of(p, metadata), CLASSES, 300.0, tmp_path)
    (matrix, recall), (other, other_recall) = cells(text, "cube"), cells(text, "icosahedron")
    assert (matrix, other) == (["1", "1", "1"], ["0", "1", "0"])
    assert (recall[0], recall[-1]) == ("66.7", "100.0")
    assert (other_recall[0], other_recall[-1]) == ("100.0", "50.0")


def test_conditions_are_binned_by_their_magnitude_and_only_doses_begin_at_zero() -> None:
    metadata = metadata_of(
        [0, 0, 1], defocus_nm=[-3.0, 3.0, 7.0], dose_e_per_a2=[1000, 1000, 50], element=["Au", "Ag", "Au"]
    )
    text = classification.condition_section(
        predictions_of(sure([0, 1, 1], 0.9), metadata), material().recipe.elements, 300.0
    )
    assert cells(text, "2.5–5")[0][::2] == ["50.0", "2"]
    assert cells(text, "5–10")[0][::2] == ["—", "0"]
    assert cells(text, "0–100")[0][::2] == ["100.0", "1"]
    assert cells(text, "Au")[0][::2] == ["100.0", "1"]
    assert cells(text, "Ag")[0][::2] == ["0.0", "1"]


def test_the_outline_tells_what_the_size_does_not(tmp_path: Path) -> None:
    text = classification.baseline_section(material(tmp_path))
    assert cells(text, "nothing (chance)")[0][0] == "50.0"
    assert cells(text, "the exact outline, without noise")[0][0] == "100.0"
    assert cells(text, "the exact size")[0][0] == "50.0"
    assert "60 training particles are the neighbours; chance is one in 2." in text

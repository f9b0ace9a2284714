"""What a report refuses to measure, and how patches of any experiment are answered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.core.calibration import probabilities
from tests.trainer.known_report import CLASSES, Brightness, measured, patches, recipe
from tests.trainer.striped import ALONE, DESCRIPTION, config, write_striped
from trainer.commands.fit import training_set
from trainer.data.dataset import shard_path, write_shard
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.data.samples import Samples
from trainer.evaluation.predictions import logits_of
from trainer.fit.schedule import Schedule
from trainer.fit.train import fit
from trainer.report.measure import ReportPlan, _reference, check_classes, measure


def test_a_network_of_other_classes_than_the_store_s_is_refused(tmp_path: Path) -> None:
    check_classes(CLASSES, recipe(tmp_path))
    with pytest.raises(ValueError, match="knows icosahedron, cube, the store holds cube, icosahedron"):
        check_classes(CLASSES[::-1], recipe(tmp_path))


def test_patches_of_an_experiment_are_answered_at_the_temperature_of_the_held_out_dataset(tmp_path: Path) -> None:
    plain = measured(tmp_path)
    warm = measured(tmp_path, predictions=replace(plain.predictions, temperature=4.0))
    seen = patches([0, 1, 1])
    p, metadata = warm.answered(seen)
    np.testing.assert_allclose(p, probabilities(logits_of(Brightness(), seen.patches), 4.0))
    assert p.max() < plain.answered(seen)[0].max()
    np.testing.assert_array_equal(metadata["label"], [0, 1, 1])


def test_of_another_simulator_only_what_lies_in_the_envelope_is_answered(tmp_path: Path) -> None:
    """Of four images one is too faint, one has no class and one has no corrector."""
    samples = Samples()
    rows = [(0, 1000.0, 0.0), (1, 50.0, 0.0), (-1, 1000.0, 0.0), (1, 1000.0, 1e6)]
    for number, (label, dose, c3_nm) in enumerate(rows):
        samples.patches.append(np.full((128, 128), label == 1, dtype=np.float16))
        known = dict.fromkeys(("diameter_nm", "zone_deg", "film_nm", "defocus_nm", "pixel_size_nm"), 1.0)
        samples.metadata.append(
            {**known, "label": label, "wave": number, "element": "Au", "dose_e_per_a2": dose, "c3_nm": c3_nm}
        )
    write_shard(shard_path(tmp_path, 0), samples, DESCRIPTION)
    p, metadata = _reference(Brightness(), tmp_path, 1.0)
    assert list(metadata["wave"]) == [0]
    assert p.argmax(1).tolist() == [0]


def test_networks_of_another_geometry_than_the_report_s_images_are_refused_before_anything_is_rendered(
    tmp_path: Path,
) -> None:
    other = replace(LEGACY_GEOMETRY, classifier=replace(LEGACY_GEOMETRY.classifier, pixel_size_nm=0.06))
    bank = write_striped(tmp_path / "bank", 1, replace(DESCRIPTION, geometry=other))
    for role in ("classifier", "detector"):
        one = config(role, shards=1, window=1, steps_per_shard=1)
        fit(one, Schedule(steps=1, decay=0), training_set(bank, None, 1), tmp_path / f"{role}.pt", ALONE)
    plan = ReportPlan(
        classifier=tmp_path / "classifier.pt",
        detector=tmp_path / "detector.pt",
        dataset=bank,
        store=tmp_path / "no-store",
        cache=tmp_path / "cache",
    )
    with pytest.raises(ValueError, match=r"the report's images are made with .* 0\.075 nm .*take .* 0\.06 nm"):
        measure(plan)
    assert not (tmp_path / "cache").exists()
    with pytest.raises(FileNotFoundError, match=r"gone\.pt"):
        measure(replace(plan, classifier=tmp_path / "gone.pt"))

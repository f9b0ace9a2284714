"""Several views fused, and the measures of a card."""

from __future__ import annotations

import numpy as np

from agent.core.statistics.accumulate import Observations, fuse
from tests.trainer.known_predictions import metadata_of, sure
from tests.trainer.known_report import CLASSES
from trainer.evaluation.metrics import class_accuracy, classifier_measures, fused_views


def test_views_are_fused_by_the_mean_of_their_logarithms_as_the_agent_does() -> None:
    """sqrt(0.9 * 0.6) against sqrt(0.1 * 0.4): 0.7348 to 0.2."""
    p = sure([0, 1, 0, 0], [0.9, 0.8, 0.6, 0.7])
    fused_p, labels = fused_views(p, metadata_of([0, 1, 0, 1], [5, 3, 5, 8]), 2, np.random.default_rng(0))
    np.testing.assert_allclose(fused_p, [[0.7348 / 0.9348, 0.2 / 0.9348]], rtol=1e-3)
    assert list(labels) == [0]
    agent = Observations(log_probability=np.log(p[[0, 2]]).sum(0), diameter_nm=1, count=2, whole=True, last_frame=0)
    np.testing.assert_allclose(fused_p[0], fuse(agent))


def test_fusing_takes_no_view_of_another_structure() -> None:
    """Structure n is always answered n, by one to six views, in any order."""
    waves = np.repeat(np.arange(6), np.arange(1, 7))
    order = np.random.default_rng(3).permutation(len(waves))
    metadata = metadata_of(list(waves[order]), list(waves[order]))
    fused_p, labels = fused_views(sure(list(waves[order]), 0.9, 6), metadata, 4, np.random.default_rng(1))
    assert list(labels) == [3, 4, 5]
    assert list(fused_p.argmax(1)) == [3, 4, 5]


def test_the_card_s_measures_are_shares_of_the_patches() -> None:
    metadata = metadata_of([0] * 20 + [1] * 20, defocus_nm=-6.0, dose_e_per_a2=[200] * 20 + [2000] * 20)
    p = sure([0] * 15 + [1] * 5 + [1] * 20, 0.9)
    measures = classifier_measures(p, metadata)
    assert (measures["accuracy"], measures["patches"], measures["accuracy_defocus_nm_5_10"]) == (0.875, 40, 0.875)
    assert (measures["accuracy_dose_e_per_a2_100_300"], measures["accuracy_dose_e_per_a2_1000_3000"]) == (0.75, 1.0)
    assert "accuracy_dose_e_per_a2_300_1000" not in measures
    assert class_accuracy(p, metadata["label"], CLASSES) == {"cube": 0.75, "icosahedron": 1.0}

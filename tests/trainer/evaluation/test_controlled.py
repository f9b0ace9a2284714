"""Probe images of one condition that is set, and the film that is filled at random."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from trainer.data.samples import NO_CLASS, Samples
from trainer.evaluation.controlled import RANDOM_CARBON_NM, RANDOM_CARBON_PER_NM3, _random_packing, with_class


def test_carbon_thrown_at_random_is_dense_enough_and_keeps_its_distance() -> None:
    at = _random_packing(np.array([2.0, 2.0, 1.0]), np.random.default_rng(1))
    assert len(at) == round(RANDOM_CARBON_PER_NM3 * 4)
    assert (at >= 0).all()
    assert (at < (2, 2, 1)).all()
    assert cKDTree(at).query(at, 2)[0][:, 1].min() >= RANDOM_CARBON_NM


def test_probe_images_without_a_class_are_left_out() -> None:
    samples = Samples(patches=[np.full((2, 2), n, np.float16) for n in range(3)])
    samples.metadata = [{"label": label, "wave": n} for n, label in enumerate((0, NO_CLASS, 1))]
    kept = with_class(samples)
    assert list(kept.metadata["wave"]) == [0, 2]
    assert list(kept.patches[:, 0, 0]) == [0, 2]

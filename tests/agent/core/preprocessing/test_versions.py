"""A network whose inputs were made by another preprocessing is refused with both names; a change needs a new name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.core.preprocessing import classifier_input, detector_input
from agent.core.preprocessing.versions import PREPROCESSING, check_preprocessing
from protocol.errors import ProtocolError
from protocol.input_geometry import ROLES, InputGeometry

PATCH = InputGeometry(patch_px=128, pixel_size_nm=0.075, preprocessing="patch-v1")


def test_the_preprocessing_that_is_implemented_is_taken() -> None:
    assert set(PREPROCESSING) == set(ROLES)
    check_preprocessing("classifier", PATCH)
    check_preprocessing("detector", replace(PATCH, preprocessing="channels-v1"))


@pytest.mark.parametrize("name", ["patch-v0", "channels-v1", "patch-v1 "])
def test_another_preprocessing_is_refused_in_one_line_with_both_names(name: str) -> None:
    with pytest.raises(ProtocolError, match=f"classifier was trained on inputs made by {name}, .* makes patch-v1$"):
        check_preprocessing("classifier", replace(PATCH, preprocessing=name))


def test_the_names_stand_for_these_very_numbers() -> None:
    """Where this fails, the preprocessing has changed: give it another VERSION, and train on it."""
    pixels = np.random.default_rng(7).poisson(80, (200, 220)).astype(np.uint16)
    maps, _ = detector_input.detector_input(pixels, 0.05, 0.24, 8)
    patches = classifier_input.cut_patches(pixels, np.array([[90.2, 101.7]]), 0.05, 128, 0.075)
    assert PREPROCESSING == {"detector": "channels-v1", "classifier": "patch-v1"}
    assert maps[:, 10, 10:14] == pytest.approx(
        np.array([[0.84966, 0.98097, 0.06323, 2.11770], [-0.34976, -0.42065, -0.16038, 0.63071]]), abs=2e-4
    )
    assert patches[0, 0, 60, 60:64] == pytest.approx([-1.35134, -0.11795, 0.17334, -1.37955], abs=2e-4)

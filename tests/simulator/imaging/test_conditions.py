"""States of the microscope and cameras, drawn from an envelope."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator import recipe
from simulator.imaging.conditions import draw_camera, draw_optics, illumination
from simulator.recipe_file import read_envelope

ENVELOPE = read_envelope(Path(recipe.__file__).parent / "recipes" / "task.toml")


def test_every_lens_is_within_the_envelope() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        lens = draw_optics(replace(ENVELOPE, uncorrected_share=0.0), 300.0, rng)
        assert ENVELOPE.c1_nm[0] <= lens.c1_nm <= ENVELOPE.c1_nm[1]
        assert ENVELOPE.c3_nm[0] <= lens.c3_nm <= ENVELOPE.c3_nm[1]
        assert abs(lens.a1_nm) <= ENVELOPE.a1_nm[1] + 1e-9
        assert lens.aperture_per_nm == float("inf") or lens.aperture_per_nm <= ENVELOPE.aperture_per_nm[1]


def test_a_microscope_without_a_corrector_has_ranges_of_its_own() -> None:
    lens = draw_optics(replace(ENVELOPE, uncorrected_share=1.0), 200.0, np.random.default_rng(1))
    assert ENVELOPE.uncorrected_c3_nm[0] <= lens.c3_nm <= ENVELOPE.uncorrected_c3_nm[1]
    assert ENVELOPE.uncorrected_c1_nm[0] <= lens.c1_nm <= ENVELOPE.uncorrected_c1_nm[1]


def test_the_share_of_scintillators_is_that_of_the_envelope() -> None:
    rng = np.random.default_rng(1)
    kinds = [draw_camera(replace(ENVELOPE, scintillator_share=0.25), rng).mtf for _ in range(2000)]
    assert kinds.count("measured") / 2000 == pytest.approx(0.25, abs=0.04)


def test_the_illumination_slopes_about_one() -> None:
    plane = illumination((40, 60), replace(ENVELOPE, illumination_slope=(0.2, 0.2)), np.random.default_rng(3))
    assert plane.shape == (40, 60)
    assert plane.mean() == pytest.approx(1, abs=1e-5)
    assert plane.max() <= 1.2 + 1e-6

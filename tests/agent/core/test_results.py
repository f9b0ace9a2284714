"""Whatever is measured of an outline, its particle has too."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from agent.core.results import Outline, classified


def test_a_classified_outline_keeps_everything_that_was_measured() -> None:
    outline = Outline(
        y_px=1.5,
        x_px=2.5,
        diameter_nm=5.0,
        outline_px=np.array([[0, 0], [0, 1], [1, 1]], dtype=np.float32),
        touches_border=True,
        score=0.75,
    )
    particle = classified(outline, "cube", 0.9, np.array([0.9, 0.1]))
    for field in fields(Outline):
        assert getattr(particle, field.name) is getattr(outline, field.name), field.name
    assert (particle.shape, particle.confidence, particle.probabilities.tolist()) == ("cube", 0.9, [0.9, 0.1])

"""What is drawn of the newest frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.dashboard.state.frame import at_point, detail, frame_state
from agent.dashboard.state.health import Viewer
from agent.dashboard.state.palette import class_styles
from agent.dashboard.state.view import resolve
from tests.examples import CLASSES, snapshot

STYLES = class_styles(CLASSES)


def test_the_scale_bar_is_a_round_number_under_a_quarter_of_the_image() -> None:
    """512 image pixels of 0.1 nm: 10 nm are 100 of them."""
    frame = frame_state(snapshot(), STYLES, None)
    assert frame is not None
    assert (frame.scale_bar_text, frame.scale_bar_px) == ("10 nm", pytest.approx(100))


def test_marks_are_in_pixels_of_the_shown_image_and_follow_the_threshold() -> None:
    source = snapshot(1)
    assert source.frame is not None
    particle = replace(source.frame.particles[0], probabilities=(0.8, 0.2, 0.0, 0.0, 0.0), shape="cube")
    source = replace(source, frame=replace(source.frame, particles=(particle,)))
    sure, unsure = (frame_state(replace(source, threshold=t), STYLES, 0) for t in (0.7, 0.9))
    assert sure is not None
    assert unsure is not None
    assert (sure.marks[0].text, sure.marks[0].known, sure.marks[0].picked) == ("cube 80%", True, True)
    assert (unsure.marks[0].text, unsure.marks[0].known) == ("?", False)
    assert sure.marks[0].y == pytest.approx((particle.y_px + 0.5) / 2)
    assert sure.key != unsure.key


def test_what_the_border_cuts_is_shown_without_a_name() -> None:
    source = snapshot(1)
    assert source.frame is not None
    particle = replace(source.frame.particles[0], probabilities=(1.0, 0.0, 0.0, 0.0, 0.0), shape="cube", cut=True)
    source = replace(source, frame=replace(source.frame, particles=(particle,)))
    state = frame_state(source, STYLES, 0)
    assert state is not None
    assert (state.marks[0].text, state.marks[0].known) == ("cut", False)
    assert "cut by the border, not counted from this view (cube 100%)" in detail(source, STYLES, particle.track).text


def test_a_point_belongs_to_the_particle_whose_outline_holds_it() -> None:
    frame = frame_state(snapshot(1), STYLES, None)
    assert frame is not None
    (mark,) = frame.marks
    assert at_point(frame.marks, mark.x, mark.y) == mark.track
    assert at_point(frame.marks, mark.x + np.ptp(mark.outline[:, 0]), mark.y) is None


def test_what_is_picked_is_told_with_all_probabilities() -> None:
    picked = resolve(snapshot(3), Viewer(picked=1)).detail
    assert picked.text.startswith("particle 1 · ")
    assert sum(picked.probabilities) == pytest.approx(1)
    assert resolve(snapshot(3), Viewer(picked=77)).detail.text == "particle 77 is not in this frame"

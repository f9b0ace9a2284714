"""Crash or go on."""

from __future__ import annotations

from agent.core.results import NoPixelSize, UnusableFrame
from agent.edge.session.failures import FATAL_IN_A_ROW, crash_or_go_on


def test_what_a_frame_lacks_never_ends_a_run() -> None:
    for error, cause in ((NoPixelSize("none"), "no_pixel_size"), (UnusableFrame("dark"), "unusable")):
        failure = crash_or_go_on(error, FATAL_IN_A_ROW - 1)
        assert (failure.cause, failure.fatal) == (cause, False)


def test_our_own_faults_end_it_when_they_go_on() -> None:
    failed = 0
    for number in range(1, FATAL_IN_A_ROW + 1):
        failure = crash_or_go_on(RuntimeError("broken"), failed)
        failed = failure.in_a_row
        assert (failure.cause, failure.fatal) == ("failed", number == FATAL_IN_A_ROW)


def test_a_bad_frame_between_does_not_forgive_our_faults() -> None:
    assert crash_or_go_on(UnusableFrame("dark"), 9).in_a_row == 9

"""Crash or go on: what a fault of one frame's analysis means for the run, decided here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.results import NoPixelSize, UnusableFrame
from protocol.snapshot import Cause

FATAL_IN_A_ROW = 10
"""A single frame may be odd; when so many fail one after the other it is we who are broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What became of a frame that could not be analysed."""

    cause: Cause
    """Under which it is counted."""
    in_a_row: int
    """Frames that failed by our own fault without a good one between them, this one among them."""

    @property
    def fatal(self) -> bool:
        """Whether the run must end."""
        return self.in_a_row >= FATAL_IN_A_ROW


def crash_or_go_on(error: Exception, failed_before: int) -> Failure:
    """The meaning of an error, after so many frames that failed in a row.

    What a frame lacks (a pixel size, an image) is the sender's affair: counted, shown, and never fatal, however often.
    Everything else is a fault of our own: counted, logged, and fatal when it goes on.
    """
    if isinstance(error, NoPixelSize):
        return Failure(cause="no_pixel_size", in_a_row=failed_before)
    if isinstance(error, UnusableFrame):
        return Failure(cause="unusable", in_a_row=failed_before)
    return Failure(cause="failed", in_a_row=failed_before + 1)

"""Which particle is which of the last frame's."""

from __future__ import annotations

from agent.core.tracking import follow, no_tracks
from tests.agent.core.made import particle, result


def test_two_particles_are_never_one_track_in_one_frame() -> None:
    _, numbers = follow(no_tracks(), result(0, [particle(10, 10), particle(10, 10.1)]))
    assert len(set(numbers)) == 2

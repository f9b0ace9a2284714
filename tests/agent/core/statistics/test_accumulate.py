"""A particle counts once, and nothing grows without bound."""

from __future__ import annotations

import pytest

from agent.core.results import Particle
from agent.core.statistics.accumulate import HISTORY_POINTS, empty, fold
from agent.core.statistics.summary import summarise
from agent.core.tracking import follow, no_tracks
from tests.agent.core.made import CLASSES, particle, result, run


def test_a_particle_in_twenty_drifting_frames_is_one() -> None:
    frames = [[particle(10 + 0.4 * n, 10), particle(20 + 0.4 * n, 30)] for n in range(20)]
    seen = summarise(run(frames)[0], 0.5)
    assert seen.particles == 2
    assert seen.detections == 40


def test_a_jump_of_the_whole_view_is_drift_not_new_particles() -> None:
    spots = [(10, 10), (20, 32), (33, 14), (40, 40)]
    frames = [[particle(y + (6 if n >= 3 else 0), x) for y, x in spots] for n in range(6)]
    assert summarise(run(frames)[0], 0.5).particles == 4


def test_a_particle_that_was_missed_for_a_while_is_the_same_one() -> None:
    frames: list[list[Particle]] = [[particle(10, 10)], *([[]] * 5), [particle(10, 10)]]
    assert summarise(run(frames)[0], 0.5).particles == 1


def test_observations_are_fused() -> None:
    """Three doubtful views that agree, and one that does not: the mean of the logarithms decides."""
    frames = [[particle(10, 10, p)] for p in (0.9, 0.9, 0.9, 0.2)]
    shapes = {s.shape: s.count for s in summarise(run(frames)[0], 0.5).shapes}
    assert shapes == {"a": 1, "b": 0, "unknown": 0}


def test_a_view_cut_by_the_edge_does_not_count_once_the_whole_is_seen() -> None:
    frames = [[particle(10, 10, 0.1, 2.0, border=True)], [particle(10, 10, 0.1, 2.5)], [particle(10, 10, 0.9, 2.6)]]
    stats, _ = run(frames)
    (seen,) = stats.open_tracks.values()
    assert seen.whole
    assert seen.count == 2
    assert seen.diameter_nm == pytest.approx(5.1)


def test_a_particle_that_was_never_seen_whole_is_counted_apart_and_in_no_share_and_no_size() -> None:
    """One whole particle and two slivers of another class: whoever counts the slivers halves the truth."""
    frames = [[particle(10, 10, 0.9, 5.0), particle(0, 30, 0.1, 2.0, border=True)]] * 3
    later = [[], *([[]] * 40), [particle(0, 30, 0.1, 2.0, border=True)]]
    for upto in (3, 45):  # while the tracks are open, and after they became counts
        seen = summarise(run([*frames, *later][:upto])[0], 0.5)
        assert (seen.particles, seen.cut) == (1, 1 if upto == 3 else 2)
        assert [s.count for s in seen.shapes] == [1, 0, 0]
        assert seen.shapes[0].fraction == 1
        assert sum(int(s.diameter_counts.sum()) for s in seen.shapes) == 1
        assert seen.history_fraction[-1].tolist() == [1, 0]
        assert seen.detections == (6 if upto == 3 else 7)


def test_a_cut_particle_that_a_later_frame_shows_whole_is_counted_once() -> None:
    frames = [[particle(1, 10, 0.9, 4.0, border=True)], [particle(1.5, 10, 0.9, 4.5)]]
    seen = summarise(run(frames)[0], 0.5)
    assert (seen.particles, seen.cut) == (1, 0)


def test_folding_leaves_the_old_value_as_it_was() -> None:
    stats, _ = run([[particle(10, 10)]])
    before = summarise(stats, 0.5)
    fold(stats, result(1, [particle(40, 40)]), (7,))
    assert summarise(stats, 0.5).particles == before.particles == 1


def test_a_new_threshold_recounts_ended_particles_too() -> None:
    frames = [[particle(10, 10, 0.75)], *([[]] * 40)]
    stats, _ = run(frames)
    assert not stats.open_tracks
    named = [s.count for s in summarise(stats, 0.7).shapes]
    doubted = [s.count for s in summarise(stats, 0.8).shapes]
    assert (named, doubted) == ([1, 0, 0], [0, 0, 1])


def test_a_long_run_does_not_grow() -> None:
    stats, tracks = empty(CLASSES), no_tracks()
    for n in range(3 * HISTORY_POINTS):
        one = result(n, [particle(5 + 40 * (n % 2), 10)])
        tracks, numbers = follow(tracks, one)
        stats = fold(stats, one, numbers)
    assert len(stats.history_time_s) <= HISTORY_POINTS
    assert len(stats.open_tracks) < 60
    assert len(tracks.number) < 60

"""A particle counts once; fractions are honest; nothing grows without bound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.results import FrameResult, Particle
from agent.core.statistics.accumulate import empty, fold, statistics
from agent.core.statistics.prevalence import corrected_fractions, wilson
from agent.core.tracking import follow, no_tracks
from protocol.snapshot import HISTORY_POINTS

CLASSES = ("a", "b")


def particle(y_nm: float, x_nm: float, p: float = 0.9, diameter_nm: float = 5.0, border: bool = False) -> Particle:
    best = "a" if p > 0.5 else "b"
    return Particle(
        y_px=y_nm * 20,
        x_px=x_nm * 20,
        diameter_nm=diameter_nm,
        outline_px=np.zeros((3, 2), np.float32),
        score=1.0,
        touches_border=border,
        shape=best,
        confidence=max(p, 1 - p),
        probabilities=np.array([p, 1 - p]),
    )


def result(frame: int, particles: Sequence[Particle]) -> FrameResult:
    return FrameResult(sequence=frame, camera_time_s=float(frame), pixel_size_nm=0.05, particles=tuple(particles))


def run(frames: Sequence[Sequence[Particle]]):  # type: ignore[no-untyped-def]
    stats, tracks = empty(CLASSES), no_tracks()
    for n, particles in enumerate(frames):
        one = result(n, particles)
        tracks, numbers = follow(tracks, one)
        stats = fold(stats, one, numbers)
    return stats, tracks


def test_a_particle_in_twenty_drifting_frames_is_one() -> None:
    frames = [[particle(10 + 0.4 * n, 10), particle(20 + 0.4 * n, 30)] for n in range(20)]
    seen = statistics(run(frames)[0], 0.5)
    assert seen.particles == 2
    assert seen.detections == 40


def test_a_jump_of_the_whole_view_is_drift_not_new_particles() -> None:
    spots = [(10, 10), (20, 32), (33, 14), (40, 40)]
    frames = [[particle(y + (6 if n >= 3 else 0), x) for y, x in spots] for n in range(6)]
    assert statistics(run(frames)[0], 0.5).particles == 4


def test_a_particle_that_was_missed_for_a_while_is_the_same_one() -> None:
    frames: list[list[Particle]] = [[particle(10, 10)], *([[]] * 5), [particle(10, 10)]]
    assert statistics(run(frames)[0], 0.5).particles == 1


def test_two_particles_are_never_one_track_in_one_frame() -> None:
    _, numbers = follow(no_tracks(), result(0, [particle(10, 10), particle(10, 10.1)]))
    assert len(set(numbers)) == 2


def test_sightings_are_fused() -> None:
    """Three doubtful views that agree, and one that does not: the mean of the logarithms decides."""
    frames = [[particle(10, 10, p)] for p in (0.9, 0.9, 0.9, 0.2)]
    shapes = {s.shape: s.count for s in statistics(run(frames)[0], 0.5).shapes}
    assert shapes == {"a": 1, "b": 0, "unknown": 0}


def test_a_view_cut_by_the_edge_does_not_count_once_the_whole_is_seen() -> None:
    frames = [[particle(10, 10, 0.1, 2.0, border=True)], [particle(10, 10, 0.1, 2.5)], [particle(10, 10, 0.9, 2.6)]]
    stats, _ = run(frames)
    (seen,) = stats.open_tracks.values()
    assert seen.whole
    assert seen.count == 2
    assert seen.diameter_nm == pytest.approx(5.1)


def test_folding_leaves_the_old_value_as_it_was() -> None:
    stats, _ = run([[particle(10, 10)]])
    before = statistics(stats, 0.5)
    fold(stats, result(1, [particle(40, 40)]), (7,))
    assert statistics(stats, 0.5).particles == before.particles == 1


def test_a_new_threshold_recounts_ended_particles_too() -> None:
    frames = [[particle(10, 10, 0.75)], *([[]] * 40)]
    stats, _ = run(frames)
    assert not stats.open_tracks
    named = [s.count for s in statistics(stats, 0.7).shapes]
    doubted = [s.count for s in statistics(stats, 0.8).shapes]
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


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_share_and_stays_in_bounds(right: int, wrong: int) -> None:
    low, high = wilson(right, right + wrong)
    assert 0 <= low <= high <= 1
    if right + wrong:
        assert low - 1e-9 <= right / (right + wrong) <= high + 1e-9


def test_without_a_named_particle_there_is_no_fraction() -> None:
    fractions, intervals = corrected_fractions(np.array([0, 0, 5]), np.eye(2, 3) * 50)
    assert np.isnan(fractions).all()
    assert (intervals == [0, 1]).all()


def test_the_correction_takes_a_known_confusion_away() -> None:
    """1000 of class a, of which 200 are called b: the corrected share of a is 1."""
    fractions, intervals = corrected_fractions(np.array([800, 200, 0]), np.array([[800.0, 200, 0], [0, 1000, 0]]))
    assert fractions[0] > 0.98
    assert intervals[0, 0] < 1.0


@pytest.mark.parametrize("truth", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.8)])
def test_the_interval_holds_the_truth_about_95_times_in_100(truth: tuple[float, float]) -> None:
    rng = np.random.default_rng(int(100 * truth[0]))
    matrix = np.array([[0.75, 0.15, 0.10], [0.05, 0.80, 0.15]])
    held = 0
    for _ in range(60):
        confusion = np.array([rng.multinomial(300, row) for row in matrix])
        answers = rng.multinomial(200, np.array(truth) @ matrix)
        _, intervals = corrected_fractions(answers, confusion)
        held += bool(intervals[0, 0] <= truth[0] <= intervals[0, 1])
    assert held >= 53

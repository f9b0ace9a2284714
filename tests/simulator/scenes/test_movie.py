"""Movies: what happens, who is who, and that the agent's tracker counts them right."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from agent.core.config import AnalysisConfig
from agent.core.results import FrameResult, Particle
from agent.core.statistics.accumulate import empty, fold
from agent.core.statistics.summary import summarise
from agent.core.tracking import follow, no_tracks
from simulator.exit_waves.simulate import simulate_wave
from simulator.imaging.aberrations import Optics
from simulator.imaging.camera import Camera
from simulator.recipe_file import read_waves
from simulator.scenes.composition import compose
from simulator.scenes.exposure import Exposure
from simulator.scenes.frame import field_grid
from simulator.scenes.movie import MovieRecipe, draw_motion, expose_movie, spun_in_plane, tumbling
from simulator.scenes.placement import scatter
from simulator.scenes.truth import TrueParticle, View, frame_truth
from simulator.specimen import particle as particles
from simulator.specimen.orientation import matrix
from simulator.specimen.particle import turned
from tests.simulator.discs import disc

CPU = torch.device("cpu")


SIZE_PX, PIXEL_SIZE_NM, ROOM_NM = 512, 0.05, 6.0


GRID = field_grid(SIZE_PX + round(ROOM_NM / PIXEL_SIZE_NM), PIXEL_SIZE_NM, 0.032)


RECIPES = Path(particles.__file__).parents[1] / "recipes"


def movie(happening: MovieRecipe, count: int, seed: int, size_px: int = SIZE_PX) -> list[Exposure]:
    rng = np.random.default_rng(seed)
    placed = scatter([disc(index=n, long=1.2) for n in range(count)], GRID, rng, touching_share=0.2)
    return list(
        expose_movie(
            placed,
            None,
            GRID,
            Optics(energy_kev=300, c1_nm=0),
            Camera(),
            draw_motion(happening, len(placed), ROOM_NM, rng),
            seed,
            size_px=size_px,
            pixel_size_nm=PIXEL_SIZE_NM,
            dose_e_per_a2=200,
        )
    )


def test_a_drift_moves_all_particles_alike_and_keeps_their_identities() -> None:
    first, second = movie(MovieRecipe(frames=2, drift_nm=(0.5, 0.25)), 9, 4)
    before = {p.identity: p for p in first.truth.particles if not p.touches_border}
    pairs = [(before[p.identity], p) for p in second.truth.particles if not p.touches_border and p.identity in before]
    assert len(pairs) >= 4
    for one, two in pairs:
        assert (one.y_px - two.y_px, one.x_px - two.x_px) == pytest.approx((10, 5), abs=0.1)


def test_a_particle_that_vanished_does_not_come_back() -> None:
    frames = movie(MovieRecipe(frames=5, vanish_share=0.6), 9, 4)
    there = [{p.identity for p in f.truth.particles} for f in frames]
    assert all(later <= earlier for earlier, later in pairwise(there))
    assert 0 < len(there[-1]) < len(there[0])


def test_the_focus_wanders_and_a_movie_can_be_made_again() -> None:
    happening = MovieRecipe(frames=3, focus_nm=-5, focus_step_nm=1.0, jitter_nm=0.1)
    one, two = movie(happening, 3, 7), movie(happening, 3, 7)
    foci = [f.optics.c1_nm for f in one]
    assert foci[0] == -5
    assert len(set(foci)) == 3
    assert all(np.array_equal(a.counts, b.counts) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one[0].counts, one[1].counts)


def test_the_view_never_leaves_the_field() -> None:
    happens = draw_motion(
        MovieRecipe(frames=500, drift_nm=(0.4, -0.3), jitter_nm=0.3), 3, 6.0, np.random.default_rng(2)
    )
    assert happens.corner_nm.min() >= 0.8
    assert happens.corner_nm.max() <= 6.8
    assert np.abs(np.diff(happens.corner_nm, axis=0)).max() < 2.0


def test_a_spun_wave_is_the_wave_of_the_turned_atoms() -> None:
    """Twenty degrees in the plane by interpolation, against a new multislice; nothing done is 80 % off."""
    recipe = read_waves(RECIPES / "task.toml")
    atoms = particles.build("cube", "Au", 1.8, np.random.default_rng(3))
    made = {"index": 0, "energy_kev": 300.0, "absorption": 0.05}
    wave = simulate_wave(atoms, recipe, CPU, **made)
    about_z = np.array([np.cos(np.radians(10)), 0, 0, np.sin(np.radians(10))])
    truly, ours = simulate_wave(turned(atoms, about_z), recipe, CPU, **made), spun_in_plane(wave, 20.0)
    assert np.allclose(ours.quaternion, truly.quaternion)
    assert np.std(ours.wave - truly.wave) < 0.15 * np.std(truly.wave)
    assert np.std(wave.wave - truly.wave) > 0.5 * np.std(truly.wave)
    assert (ours.mask ^ truly.mask).sum() < 0.05 * truly.mask.sum()


def test_a_tumble_tilts_the_atoms_and_the_truth() -> None:
    recipe = read_waves(RECIPES / "task.toml")
    atoms = particles.build("cube", "Au", 1.5, np.random.default_rng(3))
    wave = simulate_wave(atoms, recipe, CPU, index=0, energy_kev=300.0, absorption=0.05)
    tilted = tumbling([atoms], [wave], recipe)(0, 3.0)
    step = matrix(tilted.quaternion) @ matrix(wave.quaternion).T
    assert np.degrees(np.arccos((np.trace(step) - 1) / 2)) == pytest.approx(3.0)
    assert abs(tilted.zone_angle_deg - wave.zone_angle_deg) <= 3.0 + 1e-6
    assert not np.allclose(tilted.wave, wave.wave, atol=0.05)


def test_who_spins_or_tumbles_is_one_share_of_all() -> None:
    with pytest.raises(ValueError, match="not both"):
        MovieRecipe(frames=2, spin_share=0.7, tumble_share=0.5)
    with pytest.raises(ValueError, match="give `tumble`"):
        movie(MovieRecipe(frames=2, tumble_share=1.0), 2, 1)


def detection(particle: TrueParticle, pixel_size_nm: float) -> Particle:
    return Particle(
        y_px=particle.y_px,
        x_px=particle.x_px,
        diameter_nm=particle.diameter_nm * particle.seen_share**0.5,
        outline_px=np.zeros((3, 2), np.float32),
        score=1.0,
        touches_border=particle.touches_border,
        shape=particle.shape,
        confidence=1.0,
        probabilities=np.array([1.0, 0.0]),
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_tracker_counts_the_particles_of_a_movie(seed: int) -> None:
    """Drift, jitter, vanishing and partly seen particles; every particle once, and nobody takes another's track.

    Slivers at the border that the agent would leave out are left out here too.
    """
    rng = np.random.default_rng(seed)
    placed = scatter([disc(index=n) for n in range(16)], GRID, rng, touching_share=0.2)
    happening = MovieRecipe(frames=40, drift_nm=(0.12, 0.05), jitter_nm=0.15, vanish_share=0.3)
    happens = draw_motion(happening, len(placed), ROOM_NM, rng)
    stats, tracks, owners = empty(("cube", "other")), no_tracks(), {}
    for number, corner_nm in enumerate(happens.corner_nm):
        there = [n for n in range(len(placed)) if number <= happens.last_frame[n]]
        field = compose(None, [placed[n] for n in there], GRID, 300.0)
        view = View(
            corner_px=(round(corner_nm[0] / PIXEL_SIZE_NM), round(corner_nm[1] / PIXEL_SIZE_NM)),
            shape_px=(SIZE_PX, SIZE_PX),
            pixel_size_nm=PIXEL_SIZE_NM,
            field_pixel_size_nm=GRID.pixel_size_nm,
        )
        every = frame_truth(field, view, identities=[n + 1 for n in there]).particles
        seen = [p for p in every if p.diameter_nm * p.seen_share**0.5 >= AnalysisConfig().smallest_nm]
        result = FrameResult(
            sequence=number,
            camera_time_s=float(number),
            pixel_size_nm=PIXEL_SIZE_NM,
            particles=tuple(detection(p, PIXEL_SIZE_NM) for p in seen),
        )
        tracks, numbers = follow(tracks, result)
        stats = fold(stats, result, numbers)
        for particle, track in zip(seen, numbers, strict=True):
            owners.setdefault(track, set()).add(particle.identity)
    assert all(len(who) == 1 for who in owners.values()), "one track holds two particles"
    everybody = set().union(*owners.values())
    counted = summarise(stats, 0.5)
    # Every particle once: as one that was seen whole, or as one that the border cut whenever it was seen.
    assert counted.particles + counted.cut == len(everybody)
    assert counted.particles > counted.cut

"""Where the particles of a field of view lie: at random, some pushed against a neighbour, none over another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from simulator.exit_waves.simulate import ParticleWave
from simulator.propagation.grid import Grid

WHOLE_SHARE = 0.8
"""Share of the tries that put a particle wholly inside; the others may cut it by the edge."""
GAP_NM = 0.5
"""Two particles that do not touch are at least so far apart."""
LARGEST_TOUCHING_GAP_NM = 0.25
"""Two particles that are pushed against each other have at most so much between them."""
LEAST_SHARE_INSIDE = 0.15
"""A particle of whose projection less lies in the field is not placed there."""
DISTANCE_STEP_PX = 4
"""The distance to other particles is measured on every fourth pixel: it need not be exact, overlap must be."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement:
    """A particle's wave and where its centre lies in a field; it may be cut by the field's edge."""

    particle: ParticleWave
    """What lies there."""
    y_px: int
    """Row of the field's grid on which the pixel (n // 2, n // 2) of the wave's square lies."""
    x_px: int
    """Its column."""


Windows = tuple[slice, slice]
"""Rows and columns."""


def common_windows(placement: Placement, size_px: int) -> tuple[Windows, Windows]:
    """Where a field of `size_px` pixels a side and the particle's own square lie over each other.

    Returns (rows and columns of the field, the same of the particle's square); both are empty where they do not meet.
    """
    own_px = placement.particle.mask.shape[0]
    pairs = []
    for centre in (placement.y_px, placement.x_px):
        start = centre - own_px // 2
        low, high = max(start, 0), min(start + own_px, size_px)
        pairs.append((slice(low, max(high, low)), slice(low - start, max(high, low) - start)))
    return (pairs[0][0], pairs[1][0]), (pairs[0][1], pairs[1][1])


def scatter(
    particles: Sequence[ParticleWave], grid: Grid, rng: np.random.Generator, *, touching_share: float, tries: int = 30
) -> list[Placement]:
    """Scatter particles at random without overlap; a share of them is pushed against a neighbour.

    A particle that finds no room in `tries` tries is left out.
    """
    taken = np.zeros((grid.size_px, grid.size_px), dtype=bool)
    placements: list[Placement] = []
    for particle in particles:
        # Who touches may lie anywhere that is free; the others keep a gap from all that lie there already.
        touches = bool(placements) and rng.random() < touching_share
        gap_nm = rng.uniform(0, LARGEST_TOUCHING_GAP_NM) if touches else None
        forbidden = taken if gap_nm is not None else _within_reach(taken, GAP_NM / grid.pixel_size_nm)
        for _ in range(tries):
            # A random place, most of the time one at which the whole square is inside the field.
            rim_px = particle.mask.shape[0] // 2 if rng.random() < WHOLE_SHARE else 0
            y_px, x_px = (int(v) for v in rng.integers(rim_px, grid.size_px - rim_px, 2))
            if gap_nm is not None:
                neighbour = placements[int(rng.integers(len(placements)))]
                y_px, x_px = _pushed_against(neighbour, particle, grid, gap_nm, rng)
            placement = Placement(particle=particle, y_px=y_px, x_px=x_px)
            in_field, in_particle = common_windows(placement, grid.size_px)
            covered = particle.mask[in_particle]
            # Its centre is in the field, and enough of it is.
            centre_inside = 0 <= min(y_px, x_px) <= max(y_px, x_px) < grid.size_px
            if covered.sum() < LEAST_SHARE_INSIDE * particle.mask.sum() or not centre_inside:
                continue
            if not forbidden[in_field][covered].any():
                taken[in_field] |= covered
                placements.append(placement)
                break
    return placements


def place_over(below: Placement, others: Sequence[Placement], rng: np.random.Generator) -> Placement:
    """One of a field's particles once more, over `below`: the two outlines cut each other."""
    above = others[int(rng.integers(len(others)))].particle
    # About the two radii, taken as those of discs of equal area.
    reach_px = 0.5 * float(np.sqrt(below.particle.mask.sum()) + np.sqrt(above.mask.sum())) / np.sqrt(np.pi)
    angle, distance_px = rng.uniform(0, 2 * np.pi), reach_px * rng.uniform(0.3, 1.2)
    y_px, x_px = (round(c + distance_px * f(angle)) for c, f in ((below.y_px, np.sin), (below.x_px, np.cos)))
    return Placement(particle=above, y_px=y_px, x_px=x_px)


def overlaps(placements: Sequence[Placement], size_px: int) -> list[bool]:
    """Of each particle, whether another one's projection lies over or under some of its own."""
    covers = np.zeros((size_px, size_px), dtype=np.uint8)
    for item in placements:
        in_field, in_particle = common_windows(item, size_px)
        covers[in_field] += item.particle.mask[in_particle]
    result = []
    for item in placements:
        in_field, in_particle = common_windows(item, size_px)
        result.append(bool((covers[in_field][item.particle.mask[in_particle]] > 1).any()))
    return result


def _within_reach(taken: NDArray[np.bool_], reach_px: float) -> NDArray[np.bool_]:
    """(n, n): pixels within about `reach_px` of a taken one, and the taken ones."""
    if not taken.any():
        return taken
    step = DISTANCE_STEP_PX
    coarse = distance_transform_edt(~taken[::step, ::step]) * step <= reach_px
    height, width = taken.shape
    return np.asarray(taken | np.repeat(np.repeat(coarse, step, 0), step, 1)[:height, :width])


def _pushed_against(
    neighbour: Placement, particle: ParticleWave, grid: Grid, gap_nm: float, rng: np.random.Generator
) -> tuple[int, int]:
    """A centre at which the two outlines nearly touch, in a random direction from the neighbour."""
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.sin(angle), np.cos(angle)])
    reach_px = _reach_px(neighbour.particle.mask, direction) + _reach_px(particle.mask, -direction)
    y_px, x_px = np.array([neighbour.y_px, neighbour.x_px]) + direction * (reach_px + gap_nm / grid.pixel_size_nm)
    return round(y_px), round(x_px)


def _reach_px(mask: NDArray[np.bool_], direction: NDArray[np.float64]) -> float:
    """How far the mask reaches from its square's centre along a direction (along the ray, not its support)."""
    half = mask.shape[0] // 2
    steps = np.arange(half)
    along = np.round(half + steps[:, None] * direction).astype(int)
    hits = np.flatnonzero(mask[along[:, 0], along[:, 1]])
    return float(hits[-1]) if hits.size else 0.0

"""A stock of waves to banks of training samples: fields are composed, imaged afresh, and cut as the agent cuts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.core.preprocessing.classifier_input import cut_patches
from agent.core.preprocessing.detector_input import channels
from simulator.exit_waves.simulate import FilmWave, ParticleWave
from simulator.propagation.grid import Grid
from simulator.recipe import Envelope, WaveRecipe
from simulator.scenes.composition import Field, Placed, compose, place, windows
from simulator.scenes.exposure import Exposure, draw_exposures
from trainer.data.targets import target_maps, truth_maps

CAMERAS = 2
"""A state of the lens costs as much as three cameras: the image is computed once and exposed so often."""
CENTRE_JITTER_NM = 0.15
"""Standard deviation of a detected centre about the truth."""
WHOLE = 0.8
"""A patch is cut only of particles with at least this share of their projection inside the field."""
PIXEL_SIZE_ERROR = 0.01
"""Standard deviation of the pixel size that patches are cut with, relative: a calibration is never exact."""
NO_CLASS = -1
"""Label of what no class is right for; a classifier is taught to answer it with equal chances."""
OVERLAP_SHARE = 0.2
"""Share of fields with a particle that lies over another one."""
BACKGROUND_SHARE = 0.15
"""Share of exposures of which a patch without a particle at its centre is cut."""
CLEAR_NM = 2.0
"""Distance of such a patch's centre from every particle."""
COARSE = 4
"""Truth maps are made of every fourth pixel of a field (0.13 nm): finer than the detector's 0.24 nm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What the networks take."""

    patch_px: int = 128
    patch_pixel_size_nm: float = 0.075
    detector_pixel_size_nm: float = 0.24
    divisor: int = 8


@dataclass(slots=True, kw_only=True)
class Samples:
    """What one shard of a bank holds, growing field by field."""

    patches: list[NDArray[np.float16]] = field(default_factory=list)
    rows: list[dict[str, float | int | str]] = field(default_factory=list)
    channels: list[NDArray[np.float16]] = field(default_factory=list)
    targets: list[NDArray[np.uint8]] = field(default_factory=list)


def fields_of(
    waves: Sequence[ParticleWave],
    films: Sequence[FilmWave],
    recipe: WaveRecipe,
    envelope: Envelope,
    rng: np.random.Generator,
) -> Iterator[Field]:
    """Deal every wave once over fields of one beam energy each; one that finds no room is dealt again."""
    grid = Grid(size_px=recipe.film_width_px, pixel_size_nm=recipe.pixel_size_nm)
    for energy_kev in recipe.energies_kev:
        deck = [w for w in waves if w.energy_kev == energy_kev]
        own_films = [f for f in films if f.energy_kev == energy_kev]
        deck = [deck[n] for n in rng.permutation(len(deck))]
        while deck:
            number = int(rng.integers(*envelope.particles_a_field, endpoint=True))
            bare = rng.random() < envelope.bare_share
            film = None if bare else turned(own_films[int(rng.integers(len(own_films)))], rng)
            placed = place(deck[:number], grid, rng, touching_share=envelope.touching_share)
            used = {p.particle.index for p in placed}
            deck = [w for w in deck[:number] if w.index not in used] + deck[number:]
            if placed and rng.random() < OVERLAP_SHARE:
                placed += _over(placed[int(rng.integers(len(placed)))], placed, rng)
            yield compose(film, placed, grid, energy_kev, film_first=bool(rng.random() < 0.5))


def _over(below: Placed, others: Sequence[Placed], rng: np.random.Generator) -> list[Placed]:
    """Another sight of one of the field's particles, over `below`: the two outlines cut each other."""
    above = others[int(rng.integers(len(others)))].particle
    reach_px = 0.5 * float(np.sqrt(below.particle.mask.sum()) + np.sqrt(above.mask.sum())) / np.sqrt(np.pi)
    angle, distance_px = rng.uniform(0, 2 * np.pi), reach_px * rng.uniform(0.3, 1.2)
    y_px, x_px = (round(c + distance_px * f(angle)) for c, f in ((below.y_px, np.sin), (below.x_px, np.cos)))
    return [Placed(particle=above, y_px=y_px, x_px=x_px)]


def _alone(placed: Sequence[Placed], size_px: int) -> list[bool]:
    """Whether each particle's projection is free of every other's."""
    cover = np.zeros((size_px, size_px), dtype=np.uint8)
    for item in placed:
        target, source = windows(item, size_px)
        cover[target] += item.particle.mask[source]
    alone = []
    for item in placed:
        target, source = windows(item, size_px)
        alone.append(not (cover[target][item.particle.mask[source]] > 1).any())
    return alone


def turned(film: FilmWave, rng: np.random.Generator) -> FilmWave:
    """One of the eight turns and flips of a film. It is not rolled: its borders do not fit together."""
    wave = np.rot90(film.wave, int(rng.integers(4)))
    wave = wave[::-1] if rng.random() < 0.5 else wave
    return FilmWave(
        index=film.index, wave=np.ascontiguousarray(wave), energy_kev=film.energy_kev, thickness_nm=film.thickness_nm
    )


def add_maps(
    samples: Samples, exposure: Exposure, truth: NDArray[np.float32], coarse_pixel_nm: float, sizes: Sizes
) -> None:
    """One exposure as a detector's sample."""
    maps, scale = channels(exposure.counts, exposure.pixel_size_nm, sizes.detector_pixel_size_nm, sizes.divisor)
    real = (int(exposure.counts.shape[0] // scale), int(exposure.counts.shape[1] // scale))
    samples.channels.append(maps.astype(np.float16))
    samples.targets.append(
        target_maps(truth, coarse_pixel_nm, exposure.corner_nm, real, scale * exposure.pixel_size_nm)
    )


def add_patches(
    samples: Samples,
    clean: Field,
    inside_px: Sequence[NDArray[np.float64]],
    exposure: Exposure,
    classes: Sequence[str],
    sizes: Sizes,
    rng: np.random.Generator,
) -> None:
    """The particles of one exposure as a classifier's samples; `inside_px` are their pixels (n, 2) in the field."""
    counts, pixel_size_nm = exposure.counts, exposure.pixel_size_nm
    centres, rows = [], []
    alone = _alone(clean.placed, clean.grid.size_px)
    for item, own_px, free in zip(clean.placed, inside_px, alone, strict=True):
        at_px = ((own_px + 0.5) * clean.grid.pixel_size_nm - exposure.corner_nm) / pixel_size_nm
        seen = at_px[((at_px >= 0) & (at_px < counts.shape[0])).all(1)]
        if len(seen) < WHOLE * item.particle.mask.sum() / COARSE**2:
            continue
        centres.append(seen.mean(0) - 0.5 + rng.normal(0, CENTRE_JITTER_NM / pixel_size_nm, 2))
        named = free and item.particle.shape in classes
        label = classes.index(item.particle.shape) if named else NO_CLASS
        rows.append(_row(item.particle, label, clean, exposure))
    lapped = [own_px for own_px, free in zip(inside_px, alone, strict=True) if not free]
    if lapped:
        # A detector may take particles that lie over one another for a single one, with its centre between them.
        at_px = ((np.concatenate(lapped) + 0.5) * clean.grid.pixel_size_nm - exposure.corner_nm) / pixel_size_nm
        if ((at_px >= 0) & (at_px < counts.shape[0])).all(1).mean() >= WHOLE:
            centres.append(at_px.mean(0) - 0.5)
            rows.append(_row(clean.placed[-1].particle, NO_CLASS, clean, exposure))
    if clean.placed and rng.random() < BACKGROUND_SHARE:
        empty = _empty(clean, inside_px, rng)
        if empty is not None:
            centres.append((empty * clean.grid.pixel_size_nm - exposure.corner_nm) / pixel_size_nm)
            rows.append(_row(clean.placed[0].particle, NO_CLASS, clean, exposure))
    if not centres:
        return
    believed_nm = pixel_size_nm * (1 + PIXEL_SIZE_ERROR * float(np.clip(rng.standard_normal(), -2, 2)))
    at = np.array(centres, dtype=np.float32)
    cut = cut_patches(counts, at, believed_nm, sizes.patch_px, sizes.patch_pixel_size_nm)
    samples.patches += list(cut[:, 0].astype(np.float16))
    samples.rows += rows


def _empty(
    clean: Field, inside_px: Sequence[NDArray[np.float64]], rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """A point (y, x) of the field, away from its rim and from every particle; None when a few tries find none."""
    taken = np.concatenate(inside_px)
    clear_px = CLEAR_NM / clean.grid.pixel_size_nm
    for _ in range(5):
        point = rng.uniform(0.15, 0.85, 2) * clean.grid.size_px
        if not len(taken) or np.hypot(*(taken - point).T).min() > clear_px:
            return np.asarray(point)
    return None


def _row(particle: ParticleWave, label: int, clean: Field, exposure: Exposure) -> dict[str, float | int | str]:
    return {
        "label": label,
        "wave": particle.index,
        "element": particle.element,
        "diameter_nm": particle.diameter_nm,
        "zone_deg": particle.zone_angle_deg,
        "film_nm": clean.film_nm,
        "defocus_nm": exposure.optics.c1_nm,
        "c3_nm": exposure.optics.c3_nm,
        "dose_e_per_a2": exposure.dose_e_per_a2,
        "pixel_size_nm": exposure.pixel_size_nm,
    }


def render(
    waves: Sequence[ParticleWave],
    films: Sequence[FilmWave],
    recipe: WaveRecipe,
    envelope: Envelope,
    sizes: Sizes,
    *,
    classes: Sequence[str],
    exposures: int,
    rng: np.random.Generator,
    tick: Callable[[], object],
) -> Samples:
    """All fields of a set of waves, in `exposures` states of the lens, each by `CAMERAS` cameras.

    A particle whose shape is not among `classes` is one that no class is right for.

    The first image of a field is the detector's sample.
    """
    samples = Samples()
    for clean in fields_of(waves, films, recipe, envelope, rng):
        coarse_nm = COARSE * clean.grid.pixel_size_nm
        coarse = clean.labels[COARSE // 2 :: COARSE, COARSE // 2 :: COARSE]
        truth = truth_maps(coarse, coarse_nm)
        inside_px = [
            np.argwhere(coarse == n).astype(np.float64) * COARSE + COARSE / 2 for n in range(1, len(clean.placed) + 1)
        ]
        for number in range(exposures):
            seen = draw_exposures(clean, envelope, rng, CAMERAS if clean.placed else 1)
            # A detector needs far fewer samples than a classifier.
            if number == 0:
                add_maps(samples, seen[0], truth, coarse_nm, sizes)
            for exposure in seen:
                add_patches(samples, clean, inside_px, exposure, classes, sizes, rng)
        tick()
    return samples


def stock_of(folder: Path) -> Path:
    """The recipe that lies in a stock's folder. Raises ValueError when it is not there."""
    path = folder / "recipe.toml"
    if not path.exists():
        raise ValueError(f"{folder} holds no recipe.toml: it is not a stock of beamside-simulate make")
    return path

"""A stock of waves to banks of training samples: fields are composed, imaged afresh, and cut as the agent cuts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.core.patches import cut_patches
from agent.core.standardise import channels
from simulator.exposure import Exposure, draw_exposure
from simulator.fields import Field, compose, place
from simulator.grid import Grid
from simulator.recipe import Envelope, WaveRecipe
from simulator.waves import FilmWave, ParticleWave
from trainer.targets import target_maps, truth_maps

PARTICLES_A_FIELD = (0, 7)
CENTRE_JITTER_NM = 0.15
"""Standard deviation of a detected centre about the truth."""
WHOLE = 0.8
"""A patch is cut only of particles with at least this share of their projection inside the field."""


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
            number = int(rng.integers(*PARTICLES_A_FIELD, endpoint=True))
            bare = rng.random() < envelope.bare_share
            film = None if bare else turned(own_films[int(rng.integers(len(own_films)))], rng)
            placed = place(deck[:number], grid, rng, touching_share=envelope.touching_share)
            used = {p.particle.index for p in placed}
            deck = [w for w in deck[:number] if w.index not in used] + deck[number:]
            yield compose(film, placed, grid, energy_kev, film_first=bool(rng.random() < 0.5))


def turned(film: FilmWave, rng: np.random.Generator) -> FilmWave:
    """One of the eight turns and flips of a film, at a random periodic shift."""
    wave = np.rot90(film.wave, int(rng.integers(4)))
    wave = wave[::-1] if rng.random() < 0.5 else wave
    wave = np.roll(wave, tuple(int(v) for v in rng.integers(0, wave.shape[0], 2)), (0, 1))
    return FilmWave(
        index=film.index, wave=np.ascontiguousarray(wave), energy_kev=film.energy_kev, thickness_nm=film.thickness_nm
    )


def add_exposure(
    samples: Samples,
    clean: Field,
    truth: NDArray[np.float32],
    exposure: Exposure,
    classes: Sequence[str],
    sizes: Sizes,
    rng: np.random.Generator,
) -> None:
    """Cut one exposure into a detector's sample and a classifier's patches."""
    counts, pixel_size_nm, grid = exposure.counts, exposure.pixel_size_nm, clean.grid
    maps, scale = channels(counts, pixel_size_nm, sizes.detector_pixel_size_nm, sizes.divisor)
    real = (int(counts.shape[0] // scale), int(counts.shape[1] // scale))
    samples.channels.append(maps.astype(np.float16))
    samples.targets.append(target_maps(truth, grid.pixel_size_nm, exposure.corner_nm, real, scale * pixel_size_nm))
    centres, rows = [], []
    for number, item in enumerate(clean.placed, start=1):
        at_px = ((np.argwhere(clean.labels == number) + 0.5) * grid.pixel_size_nm - exposure.corner_nm) / pixel_size_nm
        seen = at_px[((at_px >= 0) & (at_px < counts.shape[0])).all(1)]
        if len(seen) < WHOLE * item.particle.mask.sum():
            continue
        centres.append(seen.mean(0) - 0.5 + rng.normal(0, CENTRE_JITTER_NM / pixel_size_nm, 2))
        rows.append(_row(item.particle, clean, exposure, classes))
    if centres:
        cut = cut_patches(
            counts,
            np.array(centres, dtype=np.float32),
            pixel_size_nm,
            sizes.patch_px,
            sizes.patch_pixel_size_nm,
        )
        samples.patches += list(cut[:, 0].astype(np.float16))
        samples.rows += rows


def _row(
    particle: ParticleWave, clean: Field, exposure: Exposure, classes: Sequence[str]
) -> dict[str, float | int | str]:
    return {
        "label": classes.index(particle.shape),
        "wave": particle.index,
        "element": particle.element,
        "diameter_nm": particle.diameter_nm,
        "zone_deg": particle.zone_angle_deg,
        "film_nm": clean.film_nm,
        "defocus_nm": exposure.optics.c1_nm,
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
    exposures: int,
    rng: np.random.Generator,
    tick: Callable[[], object],
) -> Samples:
    """All fields of a set of waves, each imaged `exposures` times."""
    samples = Samples()
    for clean in fields_of(waves, films, recipe, envelope, rng):
        truth = truth_maps(clean.labels, clean.grid.pixel_size_nm)
        for _ in range(exposures):
            add_exposure(samples, clean, truth, draw_exposure(clean, envelope, rng), recipe.shapes, sizes, rng)
        tick()
    return samples


def stock_of(folder: Path) -> Path:
    """The recipe that lies in a stock's folder. Raises ValueError when it is not there."""
    path = folder / "recipe.toml"
    if not path.exists():
        raise ValueError(f"{folder} holds no recipe.toml: it is not a stock of beamside-simulate make")
    return path

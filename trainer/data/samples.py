"""Exit waves to training samples: fields are composed, imaged afresh, and cut as the agent cuts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agent.core.preprocessing.classifier_input import cut_patches
from agent.core.preprocessing.detector_input import detector_input
from protocol.input_geometry import DatasetGeometry, InputGeometry
from simulator.exit_waves.simulate import FilmWave, ParticleWave
from simulator.propagation.grid import Grid
from simulator.recipe import Envelope, WaveRecipe
from simulator.scenes.composition import FieldOfView, compose
from simulator.scenes.exposure import Exposure, draw_exposures
from simulator.scenes.film_texture import turned_film
from simulator.scenes.placement import place_over, scatter
from trainer.data.targets import target_maps

CAMERAS = 2
"""A state of the lens costs as much as three cameras: the image is computed once and exposed so often."""
CENTRE_JITTER_NM = 0.15
"""Standard deviation of a detected centre about the truth."""
WHOLE = 0.8
"""A patch is cut only of particles with at least this share of their projection inside the frame."""
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
TRUTH_STEP_PX = 4
"""Truth is made of every fourth pixel of a field (0.13 nm): finer than the detector's 0.24 nm."""


@dataclass(slots=True, kw_only=True)
class Samples:
    """What one shard of a dataset holds, growing exposure by exposure."""

    patches: list[NDArray[np.float16]] = field(default_factory=list)
    """(p, p) each: samples of the classifier."""
    metadata: list[dict[str, float | int | str]] = field(default_factory=list)
    """One per patch; the keys are `trainer.data.dataset.METADATA`."""
    channels: list[NDArray[np.float16]] = field(default_factory=list)
    """(2, h, w) each: samples of the detector."""
    targets: list[NDArray[np.uint8]] = field(default_factory=list)
    """(3, h, w) each: what the detector should answer, 255 = one."""


def render(
    waves: Sequence[ParticleWave],
    films: Sequence[FilmWave],
    recipe: WaveRecipe,
    envelope: Envelope,
    geometry: DatasetGeometry,
    *,
    classes: Sequence[str],
    exposures: int,
    rng: np.random.Generator,
    tick: Callable[[], object],
) -> Samples:
    """All fields of a set of waves, in `exposures` states of the lens, each by `CAMERAS` cameras.

    A particle whose shape is not among `classes` is one that no class is right for. The first image of a field is the
    detector's sample. `tick` is called after every field.
    """
    samples = Samples()
    for composed in fields_of_view(waves, films, recipe, envelope, rng):
        for number in range(exposures):
            cameras = CAMERAS if composed.placements else 1
            seen = draw_exposures(composed, envelope, rng, cameras, truth_step_px=TRUTH_STEP_PX)
            # A detector needs far fewer samples than a classifier.
            if number == 0:
                add_maps(samples, seen[0], geometry.detector)
            for exposure in seen:
                add_patches(samples, exposure, classes, geometry.classifier, rng)
        tick()
    return samples


def fields_of_view(
    waves: Sequence[ParticleWave],
    films: Sequence[FilmWave],
    recipe: WaveRecipe,
    envelope: Envelope,
    rng: np.random.Generator,
) -> Iterator[FieldOfView]:
    """Every wave once, spread over fields of one beam energy each; one that finds no room comes in a later field."""
    grid = Grid(size_px=recipe.film_width_px, pixel_size_nm=recipe.pixel_size_nm)
    for energy_kev in recipe.energies_kev:
        pool = [w for w in waves if w.energy_kev == energy_kev]
        films_here = [f for f in films if f.energy_kev == energy_kev]
        pool = [pool[n] for n in rng.permutation(len(pool))]
        while pool:
            number = int(rng.integers(*envelope.particles_a_field, endpoint=True))
            bare = rng.random() < envelope.bare_share
            film = None if bare else turned_film(films_here[int(rng.integers(len(films_here)))], rng)
            placements = scatter(pool[:number], grid, rng, touching_share=envelope.touching_share)
            used = {p.particle.index for p in placements}
            pool = [w for w in pool[:number] if w.index not in used] + pool[number:]
            if placements and rng.random() < OVERLAP_SHARE:
                below = placements[int(rng.integers(len(placements)))]
                placements.append(place_over(below, placements, rng))
            yield compose(film, placements, grid, energy_kev, film_first=bool(rng.random() < 0.5))


def add_maps(samples: Samples, exposure: Exposure, geometry: InputGeometry) -> None:
    """One exposure as a detector's sample."""
    maps, scale = detector_input(exposure.counts, exposure.pixel_size_nm, geometry.pixel_size_nm, geometry.patch_px)
    # The maps are padded to a multiple of the divisor; what is real of them has a target.
    height, width = (int(n // scale) for n in exposure.counts.shape)
    samples.channels.append(maps.astype(np.float16))
    samples.targets.append(target_maps(exposure.truth, (height, width), scale * exposure.pixel_size_nm))


def add_patches(
    samples: Samples,
    exposure: Exposure,
    classes: Sequence[str],
    geometry: InputGeometry,
    rng: np.random.Generator,
) -> None:
    """The particles of one exposure as a classifier's samples."""
    truth, pixel_size_nm = exposure.truth, exposure.pixel_size_nm
    centres, metadata = [], []
    # Every particle that is mostly inside, where a detector might have seen its centre.
    for particle in truth.particles:
        if particle.seen_share < WHOLE:
            continue
        centres.append(np.array([particle.y_px, particle.x_px]) + rng.normal(0, CENTRE_JITTER_NM / pixel_size_nm, 2))
        has_class = not particle.overlaps and particle.shape in classes
        label = classes.index(particle.shape) if has_class else NO_CLASS
        metadata.append(_metadata_of(particle.wave, label, exposure))
    # A detector may take particles that lie over one another for a single one, with its centre between them.
    if truth.overlap is not None and truth.overlap.seen_share >= WHOLE:
        centres.append(np.array([truth.overlap.y_px, truth.overlap.x_px]))
        metadata.append(_metadata_of(truth.waves[-1], NO_CLASS, exposure))
    # Now and then a place where nothing is.
    if truth.waves and rng.random() < BACKGROUND_SHARE:
        empty = truth.point_without_particle(CLEAR_NM, rng)
        if empty is not None:
            centres.append(empty)
            metadata.append(_metadata_of(truth.waves[0], NO_CLASS, exposure))
    if not centres:
        return
    # Cut with the pixel size that a user would believe, which is a little wrong.
    believed_nm = pixel_size_nm * (1 + PIXEL_SIZE_ERROR * float(np.clip(rng.standard_normal(), -2, 2)))
    at = np.array(centres, dtype=np.float32)
    cut = cut_patches(exposure.counts, at, believed_nm, geometry.patch_px, geometry.pixel_size_nm)
    samples.patches += list(cut[:, 0].astype(np.float16))
    samples.metadata += metadata


def _metadata_of(particle: ParticleWave, label: int, exposure: Exposure) -> dict[str, float | int | str]:
    return {
        "label": label,
        "wave": particle.index,
        "element": particle.element,
        "diameter_nm": particle.diameter_nm,
        "zone_deg": particle.zone_angle_deg,
        "film_nm": exposure.film_nm,
        "defocus_nm": exposure.optics.c1_nm,
        "c3_nm": exposure.optics.c3_nm,
        "dose_e_per_a2": exposure.dose_e_per_a2,
        "pixel_size_nm": exposure.pixel_size_nm,
    }

"""A dataset of the reference simulator: shards of ten particles over one film, two images each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from agent.core.preprocessing.classifier_input import cut_patches
from tests.reference_simulator.carbon import film
from tests.reference_simulator.microscope import draw_lens, draw_sensor, intensity, photograph
from tests.reference_simulator.solids import CLASSES, Solid, solid
from tests.reference_simulator.wave import BOX_NM, FILM_PX, PIXEL_NM, ExitWave, Slices, exit_wave, slices
from trainer.data.dataset import shard_path, write_shard
from trainer.data.description import ShardDescription
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.data.samples import Samples

PER_SHARD = 10
IMAGES = 2
ELEMENTS, SHARES = ("Au", "Pt", "Pd", "Ag"), (0.55, 0.15, 0.15, 0.15)
CENTRE_JITTER_NM = 0.15
GEOMETRY = LEGACY_GEOMETRY
"""It stays what it is, so that scores of different models stay comparable."""
ATOM_NM = 0.17
SETTINGS_FILE = "second.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is made; every particle follows from the seed and its number alone."""

    particles: int
    seed: int
    diameter_nm: tuple[float, float] = (4.0, 8.0)
    film_nm: tuple[float, float] = (1.0, 6.0)

    def __post_init__(self) -> None:
        if self.particles < 1 or self.particles % PER_SHARD:
            raise ValueError(f"particles come in shards of {PER_SHARD}, got {self.particles}")


def make(
    plan: Plan,
    out: Path,
    block_nm: NDArray[np.float64],
    tick: Callable[[], object],
    *,
    part: int = 1,
    parts: int = 1,
) -> None:
    """Write the shards that are not there yet, each whole or not at all; `tick` is called after every shard.

    The work may be shared by `parts` processes, of which this is the one with number `part`.

    Raises:
        ValueError: the folder holds a dataset of another seed or other ranges.
    """
    _claim(plan, out)
    description = ShardDescription(geometry=GEOMETRY, classes=CLASSES, seed=plan.seed)
    for number in range(part - 1, plan.particles // PER_SHARD, parts):
        path = shard_path(out, number)
        if not path.exists():
            write_shard(path, shard(plan, number, block_nm), description)
        tick()


def _claim(plan: Plan, out: Path) -> None:
    wanted = {"seed": plan.seed, "diameter_nm": list(plan.diameter_nm), "film_nm": list(plan.film_nm)}
    settings = out / SETTINGS_FILE
    if settings.exists() and (there := json.loads(settings.read_text("utf-8"))) != wanted:
        raise ValueError(f"{out} was begun with {there}, not with {wanted}")
    out.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps(wanted), "utf-8")


def shard(plan: Plan, number: int, block_nm: NDArray[np.float64]) -> Samples:
    """Ten particles, two of a class, on ten places of one film."""
    rng = np.random.default_rng([plan.seed, 1, number])
    thickness_nm = float(rng.uniform(*plan.film_nm))
    carbon = slices(film(block_nm, thickness_nm, FILM_PX * PIXEL_NM, rng), "C", FILM_PX)
    samples = Samples()
    for index in range(number * PER_SHARD, (number + 1) * PER_SHARD):
        add_particle(samples, plan, index, carbon, thickness_nm)
    return samples


def add_particle(samples: Samples, plan: Plan, index: int, carbon: Slices, thickness_nm: float) -> None:
    """One particle's images as patches and metadata."""
    rng = np.random.default_rng([plan.seed, 2, index])
    label = index % len(CLASSES)
    element = str(rng.choice(ELEMENTS, p=SHARES))
    particle = solid(CLASSES[label], element, float(rng.uniform(*plan.diameter_nm)), rng)
    wave = exit_wave(particle, carbon, float(rng.choice((200.0, 300.0))), rng)
    centre_nm = outline_centre_nm(wave.at_nm)
    for _ in range(IMAGES):
        patch, row = image(wave, centre_nm, rng)
        samples.patches.append(patch)
        samples.metadata.append({"label": label, "wave": index, "film_nm": thickness_nm, **_truth(particle), **row})


def _truth(particle: Solid) -> dict[str, float | int | str]:
    return {"element": particle.element, "diameter_nm": particle.diameter_nm, "zone_deg": particle.zone_deg}


def image(
    wave: ExitWave, centre_nm: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float16], dict[str, float | int | str]]:
    """(patch (p, p), conditions) of one exposure; `centre_nm` is (x, y)."""
    lens, sensor = draw_lens(rng), draw_sensor(rng)
    counts, pixel_nm, rim_nm = photograph(intensity(wave, lens), BOX_NM, lens.blur_nm, sensor, rng)
    found_nm = centre_nm[::-1] - rim_nm + rng.normal(0, CENTRE_JITTER_NM, 2)
    patch = cut_patches(
        counts, found_nm[None] / pixel_nm, pixel_nm, GEOMETRY.classifier.patch_px, GEOMETRY.classifier.pixel_size_nm
    )[0, 0]
    return patch.astype(np.float16), {
        "defocus_nm": lens.c1_nm,
        "c3_nm": lens.c3_nm,
        "dose_e_per_a2": sensor.dose_e_per_a2,
        "pixel_size_nm": pixel_nm,
    }


def outline_centre_nm(at_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centroid (x, y) of what discs around the projected atoms (n, 2) cover."""
    low, high = at_nm.min(0) - 2 * ATOM_NM, at_nm.max(0) + 2 * ATOM_NM
    grid = np.stack(np.meshgrid(*(np.arange(a, b, 0.05) for a, b in zip(low, high, strict=True))), -1).reshape(-1, 2)
    near, _ = cKDTree(at_nm).query(grid, distance_upper_bound=ATOM_NM)
    return np.asarray(grid[np.isfinite(near)].mean(0))

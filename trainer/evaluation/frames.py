"""Whole frames through the agent's own pipeline, against their truth: composed ones, and real ones with hand masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tifffile
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import find_objects, label
from skimage.draw import polygon2mask
from torch import nn
from tqdm import tqdm

from agent.core.config import AnalysisConfig
from agent.core.networks import Networks
from agent.core.pipeline import analyse
from agent.core.results import FrameResult, Particle
from protocol.frame import Frame
from protocol.input_geometry import DatasetGeometry
from protocol.model_card import ModelCard, Provenance
from protocol.model_folder import DETECTOR_CLASSES
from simulator.exit_waves.simulate import FilmWave
from simulator.propagation.grid import Grid
from simulator.scenes.composition import compose
from simulator.scenes.exposure import Exposure, draw_exposure
from simulator.scenes.film_texture import turned_film
from simulator.scenes.placement import scatter
from trainer.evaluation.controlled import HeldOut
from trainer.evaluation.matching import matched

DOSE_BANDS = ((20.0, 100.0), (100.0, 300.0), (300.0, 1000.0), (1000.0, 3000.0), (3000.0, 10000.0))
TILES = 2
"""A frame is so many films wide: 41 nm, 680 to 2,050 pixels."""
MOST_PARTICLES = 16
"""In such a frame; the envelope's 60 are for frames of 2,048 pixels at 0.04 nm, four times the area."""
SEEN_SHARE = 0.5
"""A particle with less of its projection in the frame is ignored: neither to be found nor a fault when it is."""
SPECK_PX = 200
"""Instances of the hand masks under this size are specks: ignored likewise."""
REAL_PIXEL_NM = 0.059
"""Of the frames with hand masks: inferred from lattice spots, not from metadata (the data's own note)."""
VACUUM_PIXELS_NM = (0.03, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instance:
    """A true particle of a frame."""

    mask: NDArray[np.bool_]
    """(h, w), its projection."""
    counted: bool
    """Whether it is to be found; else it is ignored."""
    shape: str = ""
    """Its shape class; empty where it is not known."""
    volume_diameter_nm: float = float("nan")
    """Of the sphere of equal volume."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What was found in some frames, against the truth."""

    frames: int
    """How many."""
    counted: int
    """True particles that are not ignored."""
    found: int
    """Of these, matched by a detection."""
    false: int
    """Detections that match nothing and are not ignored."""
    union_iou: tuple[float, ...]
    """Of all outlines together with all instances together, one per frame that has any."""
    instance_iou: tuple[float, ...]
    """One per found particle."""
    centre_error_nm: tuple[float, ...]
    """Distance of found and true centre, one per found particle."""
    diameter_error_nm: tuple[float, ...]
    """Found less true diameter of the circle of equal projected area."""
    volume_diameter_error_nm: tuple[float, ...]
    """Found diameter less that of the sphere of equal volume."""
    answers: tuple[tuple[str, str], ...]
    """(true shape, answer) of every found particle that lies wholly in its frame and has a known shape."""

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN without particles."""
        total = self.counted + self.found + self.false
        return 2 * self.found / total if total else float("nan")

    @property
    def f1_at_half_iou(self) -> float:
        """The same, with a hit only where outline and instance overlap by half or more of their union."""
        total = self.counted + self.found + self.false
        return 2 * sum(iou >= 0.5 for iou in self.instance_iou) / total if total else float("nan")


def networks_of(
    classifier: nn.Module,
    classes: Sequence[str],
    detector: nn.Module,
    temperature: float,
    threshold: float,
    geometry: DatasetGeometry,
) -> Networks:
    """The networks as the agent's pipeline takes them, without the way through ONNX."""
    common = {"name": "measured", "model_sha256": "", "threshold": 0.5, "provenance": Provenance(run="a report")}
    detector_card = ModelCard(
        **common,  # type: ignore[arg-type]
        role="detector",
        classes=DETECTOR_CLASSES,
        geometry=geometry.detector,
        channels=2,
    )
    classifier_card = ModelCard(
        **{**common, "threshold": threshold},  # type: ignore[arg-type]
        role="classifier",
        classes=tuple(classes),
        geometry=geometry.classifier,
        channels=1,
        temperature=temperature,
    )

    def detect(maps: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(torch.sigmoid(detector(torch.from_numpy(maps)[None]))[0].numpy())

    def classify(patches: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(classifier(torch.from_numpy(patches)).numpy())

    return Networks(
        detect=detect, classify=classify, detector_card=detector_card, classifier_card=classifier_card, backend="torch"
    )


def compared(networks: Networks, frames: Iterator[tuple[Frame, list[Instance]]]) -> Comparison:
    """Run the pipeline over frames and hold each against its truth."""
    return together([against(analyse(f, networks, AnalysisConfig()), instances, f.shape_px) for f, instances in frames])


def together(parts: Sequence[Comparison]) -> Comparison:
    """Several comparisons as one."""
    return Comparison(
        frames=sum(c.frames for c in parts),
        counted=sum(c.counted for c in parts),
        found=sum(c.found for c in parts),
        false=sum(c.false for c in parts),
        union_iou=tuple(x for c in parts for x in c.union_iou),
        instance_iou=tuple(x for c in parts for x in c.instance_iou),
        centre_error_nm=tuple(x for c in parts for x in c.centre_error_nm),
        diameter_error_nm=tuple(x for c in parts for x in c.diameter_error_nm),
        volume_diameter_error_nm=tuple(x for c in parts for x in c.volume_diameter_error_nm),
        answers=tuple(x for c in parts for x in c.answers),
    )


def against(result: FrameResult, instances: Sequence[Instance], shape_px: tuple[int, int]) -> Comparison:
    """One frame: a match is a centre within half the true diameter, the nearest first, one match each."""
    outlines = [polygon2mask(shape_px, p.outline_px) for p in result.particles]
    match = _matches(result, instances)
    owns, centres, sizes, volumes, answers = [], [], [], [], []
    for number, instance in match.items():
        particle, outline = result.particles[number], outlines[number]
        owns.append(_iou(outline, instance.mask))
        off_px = _centre(instance.mask) - (particle.y_px, particle.x_px)
        centres.append(float(np.hypot(*off_px)) * result.pixel_size_nm)
        if not particle.touches_border:
            true_nm = 2 * _radius_px(instance.mask) * result.pixel_size_nm
            sizes.append(particle.diameter_nm - true_nm)
            volumes.append(particle.diameter_nm - instance.volume_diameter_nm)
            if instance.shape:
                answers.append((instance.shape, particle.shape))
    nothing = np.zeros(shape_px, dtype=bool)
    every = np.logical_or.reduce([b.mask for b in instances]) if instances else nothing
    drawn = np.logical_or.reduce(outlines) if outlines else nothing
    return Comparison(
        frames=1,
        counted=sum(b.counted for b in instances),
        found=len(match),
        false=sum(n not in match and not _ignored(p, instances, result) for n, p in enumerate(result.particles)),
        union_iou=(_iou(drawn, every),) if (drawn | every).any() else (),
        instance_iou=tuple(owns),
        centre_error_nm=tuple(centres),
        diameter_error_nm=tuple(sizes),
        volume_diameter_error_nm=tuple(volumes),
        answers=tuple(answers),
    )


def _matches(result: FrameResult, instances: Sequence[Instance]) -> dict[int, Instance]:
    """The counted instance of every particle that has one."""
    counted = [b for b in instances if b.counted]
    found_px = [(p.y_px, p.x_px) for p in result.particles]
    match = matched(found_px, [_centre(b.mask) for b in counted], [_radius_px(b.mask) for b in counted])
    return {n: counted[b] for n, b in sorted(match.items())}


def _ignored(particle: Particle, instances: Sequence[Instance], result: FrameResult) -> bool:
    """An instance that is not counted makes us ignore whatever lies on it or near it, be it several particles."""
    own_px = particle.diameter_nm / result.pixel_size_nm / 2
    return any(
        np.hypot(*(_centre(b.mask) - (particle.y_px, particle.x_px))) < max(_radius_px(b.mask), own_px)
        for b in instances
        if not b.counted
    )


def _iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


def _radius_px(mask: NDArray[np.bool_]) -> float:
    """Of the circle of equal area."""
    return float(np.sqrt(mask.sum() / np.pi))


def _centre(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.asarray(np.argwhere(mask).mean(0))


def composed_frames(
    held_out: HeldOut, band: tuple[float, float], count: int, seed: int, *, uncorrected: bool = False
) -> Iterator[tuple[Frame, list[Instance]]]:
    """Frames of the envelope at doses of a band, each of another field."""
    envelope = replace(held_out.envelope, dose_e_per_a2=band, uncorrected_share=float(uncorrected))
    grid = Grid(size_px=TILES * held_out.recipe.film_width_px, pixel_size_nm=held_out.recipe.pixel_size_nm)
    for number in tqdm(range(count), unit="frame", disable=None):
        rng = np.random.default_rng([seed, int(band[0]), number])
        energy_kev = float(rng.choice(held_out.recipe.energies_kev))
        pool = [w for w in held_out.waves if w.energy_kev == energy_kev]
        chosen = [pool[n] for n in rng.permutation(len(pool))[: int(rng.integers(0, MOST_PARTICLES, endpoint=True))]]
        placements = scatter(chosen, grid, rng, touching_share=envelope.touching_share)
        film = None
        if rng.random() >= envelope.bare_share:
            own = [f for f in held_out.films if f.energy_kev == energy_kev]
            film = _tiled(turned_film(own[int(rng.integers(len(own)))], rng))
        field = compose(film, placements, grid, energy_kev, film_first=bool(rng.random() < 0.5))
        exposure = draw_exposure(field, envelope, rng)
        yield frame_of(exposure.counts, number, exposure.pixel_size_nm), _instances(exposure)


def _tiled(film: FilmWave) -> FilmWave:
    return replace(film, wave=np.tile(film.wave, (TILES, TILES)))


def _instances(exposure: Exposure) -> list[Instance]:
    """The true particles of a composed frame."""
    return [
        Instance(
            mask=exposure.truth.labels == particle.identity,
            counted=particle.seen_share >= SEEN_SHARE,
            shape=particle.shape,
            volume_diameter_nm=particle.diameter_nm,
        )
        for particle in exposure.truth.particles
    ]


def real_frames(folder: Path) -> Iterator[tuple[Frame, list[Instance]]]:
    """images/image_i.png with masks/label_i.png.

    Raises:
        OSError: a mask is missing.
        ValueError: there is no image.
    """
    paths = sorted((folder / "images").glob("image_*.png"))
    if not paths:
        raise ValueError(f"{folder} holds no images/image_*.png")
    for path in paths:
        number = path.stem.split("_")[1]
        with Image.open(path) as image, Image.open(folder / "masks" / f"label_{number}.png") as hand:
            pixels, mask = np.asarray(image.convert("L")), np.asarray(hand.convert("L")) > 0
        parted, _ = label(mask)
        instances = []
        for own, box in enumerate(find_objects(parted), start=1):
            instance = np.zeros(mask.shape, dtype=bool)
            instance[box] = parted[box] == own
            instances.append(Instance(mask=instance, counted=bool(instance.sum() >= SPECK_PX)))
        yield frame_of(pixels, int(number), REAL_PIXEL_NM), instances


def vacuum_frames(stack: Path, pixel_size_nm: float) -> Iterator[tuple[Frame, list[Instance]]]:
    """Every frame of a stack that holds nothing; a file of a single image is a stack of one."""
    images = tifffile.imread(stack)
    for number, pixels in enumerate(images[None] if images.ndim == 2 else images):
        yield frame_of(pixels, number, pixel_size_nm), []


def frame_of(pixels: NDArray[np.generic], number: int, pixel_size_nm: float) -> Frame:
    """Pixels as a frame of a file."""
    return Frame(
        pixels=pixels,
        source="file",
        sequence=number,
        camera_time_s=0.0,
        pixel_size_nm=pixel_size_nm,
        pixel_size_provenance="user",
    )

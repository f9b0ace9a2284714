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
from scipy.ndimage import find_objects, label, map_coordinates
from skimage.draw import polygon2mask
from torch import nn
from tqdm import tqdm

from agent.core.config import AnalysisConfig
from agent.core.networks import Engine
from agent.core.pipeline import analyse
from agent.core.results import FrameResult, Particle
from protocol.frame import Frame
from protocol.model_card import ModelCard
from simulator.exit_waves.simulate import FilmWave
from simulator.propagation.grid import Grid
from simulator.scenes.composition import Field, compose, place
from simulator.scenes.exposure import Exposure, draw_exposure
from trainer.data.samples import Sizes, turned
from trainer.evaluation.controlled import Material
from trainer.evaluation.matching import matched

DOSE_BANDS = ((20.0, 100.0), (100.0, 300.0), (300.0, 1000.0), (1000.0, 3000.0), (3000.0, 10000.0))
TILES = 2
"""A frame is so many films wide: 41 nm, 680 to 2,050 pixels."""
MOST_PARTICLES = 16
"""In such a frame; the envelope's 60 are for frames of 2,048 pixels at 0.04 nm, four times the area."""
SEEN_SHARE = 0.5
"""A particle with less of its projection in the frame is neither wanted, nor is finding it held against us."""
SPECK_PX = 200
"""Bodies of the hand masks under this size are specks: treated likewise."""
REAL_PIXEL_NM = 0.059
"""Of the frames with hand masks: inferred from lattice spots, not from metadata (shared data's own note)."""
VACUUM_PIXELS_NM = (0.03, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """A true particle of a frame."""

    mask: NDArray[np.bool_]
    """(h, w), its projection."""
    wanted: bool
    shape: str = ""
    volume_diameter_nm: float = float("nan")
    """Of the sphere of equal volume."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What was found in some frames, against the truth."""

    frames: int
    wanted: int
    found: int
    false: int
    union_iou: tuple[float, ...]
    """Of all outlines together with all bodies together, one a frame that has any."""
    own_iou: tuple[float, ...]
    """One a found particle."""
    centre_error_nm: tuple[float, ...]
    diameter_error_nm: tuple[float, ...]
    """Found less true diameter of the circle of equal projected area."""
    volume_diameter_error_nm: tuple[float, ...]
    answers: tuple[tuple[str, str], ...]
    """(true shape, answer) of every found particle that lies wholly in its frame and has a known shape."""

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN without particles."""
        total = self.wanted + self.found + self.false
        return 2 * self.found / total if total else float("nan")

    @property
    def f1_at_half_iou(self) -> float:
        """The same, with a hit only where outline and body overlap by half or more of their union."""
        total = self.wanted + self.found + self.false
        return 2 * sum(iou >= 0.5 for iou in self.own_iou) / total if total else float("nan")


def engine_of(
    classifier: nn.Module, classes: Sequence[str], detector: nn.Module, temperature: float, threshold: float
) -> Engine:
    """The networks as the agent's pipeline takes them, without the way through ONNX."""
    sizes = Sizes()
    common = {"name": "measured", "model_sha256": "", "threshold": 0.5}
    detector_card = ModelCard(
        **common,  # type: ignore[arg-type]
        role="detector",
        classes=("particle", "centre", "border"),
        pixel_size_nm=sizes.detector_pixel_size_nm,
        patch_px=sizes.divisor,
        channels=2,
        normalisation="channels-v1",
    )
    classifier_card = ModelCard(
        **{**common, "threshold": threshold},  # type: ignore[arg-type]
        role="classifier",
        classes=tuple(classes),
        pixel_size_nm=sizes.patch_pixel_size_nm,
        patch_px=sizes.patch_px,
        channels=1,
        normalisation="patch-v1",
        temperature=temperature,
    )

    def detect(maps: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(torch.sigmoid(detector(torch.from_numpy(maps)[None]))[0].numpy())

    def classify(patches: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(classifier(torch.from_numpy(patches)).numpy())

    return Engine(
        detect=detect, classify=classify, detector_card=detector_card, classifier_card=classifier_card, backend="torch"
    )


def compared(engine: Engine, frames: Iterator[tuple[Frame, list[Body]]]) -> Comparison:
    """Run the pipeline over frames and hold each against its truth."""
    return together([against(analyse(f, engine, AnalysisConfig()), bodies, f.shape_px) for f, bodies in frames])


def together(parts: Sequence[Comparison]) -> Comparison:
    """Several comparisons as one."""
    return Comparison(
        frames=sum(c.frames for c in parts),
        wanted=sum(c.wanted for c in parts),
        found=sum(c.found for c in parts),
        false=sum(c.false for c in parts),
        union_iou=tuple(x for c in parts for x in c.union_iou),
        own_iou=tuple(x for c in parts for x in c.own_iou),
        centre_error_nm=tuple(x for c in parts for x in c.centre_error_nm),
        diameter_error_nm=tuple(x for c in parts for x in c.diameter_error_nm),
        volume_diameter_error_nm=tuple(x for c in parts for x in c.volume_diameter_error_nm),
        answers=tuple(x for c in parts for x in c.answers),
    )


def against(result: FrameResult, bodies: Sequence[Body], shape_px: tuple[int, int]) -> Comparison:
    """One frame: a match is a centre within half the true diameter, the nearest first, one match each."""
    outlines = [polygon2mask(shape_px, p.outline_px) for p in result.particles]
    match = _matches(result, bodies)
    owns, centres, sizes, volumes, answers = [], [], [], [], []
    for number, body in match.items():
        particle, outline = result.particles[number], outlines[number]
        owns.append(_iou(outline, body.mask))
        off_px = _centre(body.mask) - (particle.y_px, particle.x_px)
        centres.append(float(np.hypot(*off_px)) * result.pixel_size_nm)
        if not particle.touches_border:
            true_nm = 2 * _radius_px(body.mask) * result.pixel_size_nm
            sizes.append(particle.diameter_nm - true_nm)
            volumes.append(particle.diameter_nm - body.volume_diameter_nm)
            if body.shape:
                answers.append((body.shape, particle.shape))
    nothing = np.zeros(shape_px, dtype=bool)
    every = np.logical_or.reduce([b.mask for b in bodies]) if bodies else nothing
    drawn = np.logical_or.reduce(outlines) if outlines else nothing
    return Comparison(
        frames=1,
        wanted=sum(b.wanted for b in bodies),
        found=len(match),
        false=sum(n not in match and not _excused(p, bodies, result) for n, p in enumerate(result.particles)),
        union_iou=(_iou(drawn, every),) if (drawn | every).any() else (),
        own_iou=tuple(owns),
        centre_error_nm=tuple(centres),
        diameter_error_nm=tuple(sizes),
        volume_diameter_error_nm=tuple(volumes),
        answers=tuple(answers),
    )


def _matches(result: FrameResult, bodies: Sequence[Body]) -> dict[int, Body]:
    """The wanted body of every particle that has one."""
    wanted = [b for b in bodies if b.wanted]
    found_px = [(p.y_px, p.x_px) for p in result.particles]
    match = matched(found_px, [_centre(b.mask) for b in wanted], [_radius_px(b.mask) for b in wanted])
    return {n: wanted[b] for n, b in sorted(match.items())}


def _excused(particle: Particle, bodies: Sequence[Body], result: FrameResult) -> bool:
    """A body that is not wanted excuses whatever lies on it or near it, be it several particles."""
    own_px = particle.diameter_nm / result.pixel_size_nm / 2
    return any(
        np.hypot(*(_centre(b.mask) - (particle.y_px, particle.x_px))) < max(_radius_px(b.mask), own_px)
        for b in bodies
        if not b.wanted
    )


def _iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


def _radius_px(mask: NDArray[np.bool_]) -> float:
    """Of the circle of equal area."""
    return float(np.sqrt(mask.sum() / np.pi))


def _centre(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.asarray(np.argwhere(mask).mean(0))


def composed_frames(
    of: Material, band: tuple[float, float], count: int, seed: int, *, uncorrected: bool = False
) -> Iterator[tuple[Frame, list[Body]]]:
    """Frames of the envelope at doses of a band, each of another field."""
    envelope = replace(of.envelope, dose_e_per_a2=band, uncorrected_share=float(uncorrected))
    grid = Grid(size_px=TILES * of.recipe.film_width_px, pixel_size_nm=of.recipe.pixel_size_nm)
    for number in tqdm(range(count), unit="frame", disable=None):
        rng = np.random.default_rng([seed, int(band[0]), number])
        energy_kev = float(rng.choice(of.recipe.energies_kev))
        deck = [w for w in of.waves if w.energy_kev == energy_kev]
        chosen = [deck[n] for n in rng.permutation(len(deck))[: int(rng.integers(0, MOST_PARTICLES, endpoint=True))]]
        placed = place(chosen, grid, rng, touching_share=envelope.touching_share)
        film = None
        if rng.random() >= envelope.bare_share:
            own = [f for f in of.films if f.energy_kev == energy_kev]
            film = _tiled(turned(own[int(rng.integers(len(own)))], rng))
        field = compose(film, placed, grid, energy_kev, film_first=bool(rng.random() < 0.5))
        exposure = draw_exposure(field, envelope, rng)
        yield frame_of(exposure.counts, number, exposure.pixel_size_nm), _bodies(field, exposure)


def _tiled(film: FilmWave) -> FilmWave:
    return replace(film, wave=np.tile(film.wave, (TILES, TILES)))


def _bodies(field: Field, exposure: Exposure) -> list[Body]:
    """Projections of the field's particles on the camera's pixels."""
    height, width = exposure.counts.shape
    axes = [
        ((np.arange(n) + 0.5) * exposure.pixel_size_nm + exposure.corner_nm) / field.grid.pixel_size_nm - 0.5
        for n in (height, width)
    ]
    seen = map_coordinates(field.labels, np.meshgrid(*axes, indexing="ij"), order=0)
    scale = (field.grid.pixel_size_nm / exposure.pixel_size_nm) ** 2
    bodies = []
    for number, item in enumerate(field.placed, start=1):
        mask = seen == number
        if mask.any():
            bodies.append(
                Body(
                    mask=mask,
                    wanted=bool(mask.sum() >= SEEN_SHARE * item.particle.mask.sum() * scale),
                    shape=item.particle.shape,
                    volume_diameter_nm=item.particle.diameter_nm,
                )
            )
    return bodies


def real_frames(folder: Path) -> Iterator[tuple[Frame, list[Body]]]:
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
        bodies = []
        for own, box in enumerate(find_objects(parted), start=1):
            body = np.zeros(mask.shape, dtype=bool)
            body[box] = parted[box] == own
            bodies.append(Body(mask=body, wanted=bool(body.sum() >= SPECK_PX)))
        yield frame_of(pixels, int(number), REAL_PIXEL_NM), bodies


def vacuum_frames(stack: Path, pixel_size_nm: float) -> Iterator[tuple[Frame, list[Body]]]:
    """Every frame of a stack that holds nothing."""
    for number, pixels in enumerate(tifffile.imread(stack)):
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

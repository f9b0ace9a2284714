"""The published table of particle segmentation that our detector can be held against, as far as its recipe allows.

L. Rangel DaCosta, C. Oill, M. Scott, Elemental Microscopy (2025), doi 10.69761/kjte5358, data msa-em/hrtem-transfer-
learning (CC-BY-4.0): U-Nets of 14 M weights on simulated particles on carbon, a network a dose. The closest to metals
on carbon is their silver of 5 to 7 nm: 300 keV, 0.02 nm/px, 12.8 nm wide, 2 to 8 nm of carbon, focal spread 1 nm,
C1 = -10 nm, 1 to 5 spheres. Their masks: phase of the particle over pi / 16, blurred by 0.16 nm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from torch import nn
from tqdm import tqdm

from agent.core.preprocessing.detector_input import detector_input
from protocol.coordinates import index_on_grid
from simulator.exit_waves.simulate import ParticleWave, film_wave, simulate_wave
from simulator.imaging.aberrations import Optics
from simulator.imaging.camera import Camera, expose
from simulator.propagation.electron import interaction_rad_per_v_nm
from simulator.propagation.grid import Grid
from simulator.propagation.potential import projected_slices
from simulator.random_draws import draw
from simulator.recipe import WaveRecipe
from simulator.scenes.composition import clean_image, compose
from simulator.scenes.placement import Placement, common_windows, scatter
from simulator.scenes.truth import View, frame_truth
from simulator.specimen.elements import FCC
from simulator.specimen.particle import Particle, build
from trainer.data.geometry import RENDER_GEOMETRY

DOSES_E_PER_A2 = (30.0, 75.0, 150.0, 300.0, 600.0)
THEIRS_CDSE = {
    30: (0.0526, 0.1853, 0.4852, 0.6554, 0.7201),
    75: (0.0858, 0.0262, 0.0702, 0.3087, 0.4994),
    150: (0.1313, 0.0442, 0.0184, 0.0354, 0.1654),
    300: (0.1643, 0.0917, 0.0301, 0.0138, 0.0185),
    600: (0.1793, 0.1421, 0.0698, 0.0219, 0.0116),
}
"""Their medians for CdSe: trained at (row), tested at `DOSES_E_PER_A2`."""
THEIRS_SILVER_AT_300 = 0.0096
ENERGY_KEV = 300.0
PIXEL_SIZE_NM = 0.02
WIDTH_PX = 640
DEFOCUS_NM = -10.0
FOCAL_SPREAD_NM = 1.0
MASK_PHASE_RAD = np.pi / 16
MASK_BLUR_NM = 0.16
PERFECT = float(np.log1p(np.exp(-1.0)))
"""0.3133: their loss, the cross-entropy of outputs that have been through a softmax twice, of a perfect answer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SilverFrames:
    """Frames of the table, (n, doses, h, w) counts, and their masks, (n, h, w) each."""

    counts: NDArray[np.uint16]
    their_mask: NDArray[np.bool_]
    our_mask: NDArray[np.bool_]


def silver_frames(recipe: WaveRecipe, count: int, seed: int) -> SilverFrames:
    """Made afresh: our carbon, our spheres, their optics, no read-out noise and no MTF."""
    stored_px = round(WIDTH_PX * PIXEL_SIZE_NM / recipe.pixel_size_nm)
    own = replace(recipe, seed=seed, film_width_px=stored_px, film_nm=(2.0, 8.0), energies_kev=(ENERGY_KEV,))
    grid = Grid(size_px=stored_px, pixel_size_nm=recipe.pixel_size_nm)
    optics = Optics(energy_kev=ENERGY_KEV, c1_nm=DEFOCUS_NM, focal_spread_nm=FOCAL_SPREAD_NM)
    counts, theirs, ours = [], [], []
    for number in tqdm(range(count), unit="frame", disable=None):
        rng = np.random.default_rng([seed, number])
        waves, phases = [], {}
        for index in range(int(rng.integers(1, 5, endpoint=True))):
            sphere = build("sphere", "Ag", float(rng.uniform(5.0, 7.0)), rng)
            wave = replace(_wave(sphere, own, rng), index=index)
            waves.append(wave)
            phases[index] = _phase(sphere, wave, own)
        placements = scatter(waves, grid, rng, touching_share=0.0)
        field = compose(film_wave(own, number, torch.device("cpu")), placements, grid, ENERGY_KEV)
        clean = clean_image(field, optics, WIDTH_PX)
        counts.append([expose(clean, PIXEL_SIZE_NM, dose, Camera(mtf="none"), rng) for dose in DOSES_E_PER_A2])
        phase = np.zeros((stored_px, stored_px))
        for item in placements:
            _add(phase, item, phases[item.particle.index])
        view = View(
            corner_px=(0, 0),
            shape_px=(WIDTH_PX, WIDTH_PX),
            pixel_size_nm=PIXEL_SIZE_NM,
            field_pixel_size_nm=recipe.pixel_size_nm,
        )
        both = np.meshgrid(*view.field_indices(), indexing="ij")
        blurred = gaussian_filter(phase, MASK_BLUR_NM / recipe.pixel_size_nm)
        theirs.append(map_coordinates(blurred, both, order=1, mode="nearest") > MASK_PHASE_RAD)
        ours.append(frame_truth(field, view).labels > 0)
    return SilverFrames(counts=np.array(counts), their_mask=np.array(theirs), our_mask=np.array(ours))


def _wave(sphere: Particle, recipe: WaveRecipe, rng: np.random.Generator) -> ParticleWave:
    absorption = draw(recipe.absorption, rng)
    return simulate_wave(sphere, recipe, torch.device("cpu"), index=0, energy_kev=ENERGY_KEV, absorption=absorption)


def _phase(sphere: Particle, wave: ParticleWave, recipe: WaveRecipe) -> NDArray[np.float64]:
    """Projected potential times the interaction parameter on the wave's pixels: the phase before it is wrapped."""
    side_px = wave.wave.shape[0]
    grid = Grid(size_px=side_px, pixel_size_nm=recipe.pixel_size_nm)
    at_nm = sphere.positions_nm + np.array([1.0, 1.0, 0.0]) * (side_px // 2 * recipe.pixel_size_nm)
    slices = projected_slices(at_nm, FCC["Ag"].atomic_number, grid, recipe.slice_nm, torch.device("cpu"))
    return np.asarray(slices.sum(0).numpy() * interaction_rad_per_v_nm(ENERGY_KEV), dtype=np.float64)


def _add(phase: NDArray[np.float64], item: Placement, own: NDArray[np.float64]) -> None:
    target, source = common_windows(item, phase.shape[0])
    phase[target] += own[source]


def score(probability: NDArray[np.floating], mask: NDArray[np.bool_]) -> float:
    """Cross-entropy of a particle map (h, w) that goes through one more softmax, less that of the perfect map."""
    right = np.where(mask, probability, 1 - probability)
    return float(np.log1p(np.exp(1 - 2 * right)).mean() - PERFECT)


def particle_map(detector: nn.Module, counts: NDArray[np.uint16]) -> NDArray[np.float64]:
    """The detector's map of one frame, brought to the frame's pixels by linear interpolation, (h, w)."""
    geometry = RENDER_GEOMETRY.detector
    maps, scale = detector_input(counts, PIXEL_SIZE_NM, geometry.pixel_size_nm, geometry.patch_px)
    with torch.inference_mode():
        coarse = torch.sigmoid(detector(torch.from_numpy(maps)[None]))[0, 0].numpy()
    return upsampled(coarse[: int(counts.shape[0] // scale), : int(counts.shape[1] // scale)], scale, counts.shape[0])


def upsampled(coarse: NDArray[np.floating], scale: float, side_px: int) -> NDArray[np.float64]:
    """A map whose pixels are `scale` camera pixels wide, at the camera's (side_px, side_px); corners coincide."""
    at = index_on_grid(np.arange(side_px), 1.0, scale)
    return np.asarray(map_coordinates(coarse, np.meshgrid(at, at, indexing="ij"), order=1, mode="nearest"), np.float64)


def scores(detector: nn.Module, frames: SilverFrames) -> NDArray[np.float64]:
    """(n, doses, 2): score of every frame against their mask, and against ours."""
    found = np.zeros((*frames.counts.shape[:2], 2))
    for n, by_dose in enumerate(frames.counts):
        for d, counts in enumerate(by_dose):
            probability = particle_map(detector, counts)
            found[n, d] = score(probability, frames.their_mask[n]), score(probability, frames.our_mask[n])
    return found


def best_of_coarse(mask: NDArray[np.bool_]) -> float:
    """Score of the mask itself after it went through our detector's pixels: what its resolution costs at least."""
    block = round(RENDER_GEOMETRY.detector.pixel_size_nm / PIXEL_SIZE_NM)
    side = mask.shape[0] // block * block
    coarse = mask[:side, :side].reshape(side // block, block, side // block, block).mean((1, 3))
    return score(upsampled(coarse, block, mask.shape[0]), mask)

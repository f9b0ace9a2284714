"""Movies: one field under a drifting view and a wandering focus, with particles that spin, tumble or vanish.

`draw_motion` says what happens, as plain numbers, without a single wave; `expose_movie` makes the frames. A particle
keeps its identity for the whole movie, so that tracking has a truth. A spin turns the stored wave in its plane; a
tumble needs the particle's atoms and a new exit wave at every step (`tumbling`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import rotate

from simulator.exit_waves.simulate import FilmWave, ParticleWave, simulate_wave
from simulator.imaging.aberrations import Optics
from simulator.imaging.camera import Camera
from simulator.propagation.grid import Grid
from simulator.recipe import WaveRecipe
from simulator.scenes.composition import RIM_NM, compose
from simulator.scenes.exposure import Exposure, expose_field
from simulator.scenes.placement import Placement
from simulator.specimen.orientation import product
from simulator.specimen.particle import Particle, turned

Tumble = Callable[[int, float], ParticleWave]
"""(particle, angle in degrees since the first frame) to its new exit wave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieRecipe:
    """What may happen in a movie."""

    frames: int
    """Number of frames."""
    drift_nm: tuple[float, float] = (0.0, 0.0)
    """(y, x), mean drift of the view per frame."""
    jitter_nm: float = 0.0
    """Standard deviation of a random step of the view per frame, each axis."""
    focus_nm: float = -8.0
    """C1 of the first frame."""
    focus_step_nm: float = 0.0
    """Standard deviation of a random step of the focus per frame."""
    spin_share: float = 0.0
    """Share of particles that spin."""
    spin_deg: float = 2.0
    """Largest turn per frame in the plane, either way, of the share that spins."""
    tumble_share: float = 0.0
    """Share of particles that tumble; none of them spins."""
    tumble_deg: float = 1.0
    """Tilt per frame about a fixed axis in the plane of the share that tumbles."""
    vanish_share: float = 0.0
    """Share of particles that are gone from a random frame on."""

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise ValueError(f"a movie needs a frame, got {self.frames}")
        if self.spin_share + self.tumble_share > 1:
            raise ValueError("a particle spins or tumbles, not both: the two shares add up to more than one")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MotionScript:
    """All that happens in a movie of n particles and f frames."""

    corner_nm: NDArray[np.float64]
    """(f, 2): upper left corner of the camera in the field, y then x."""
    focus_nm: NDArray[np.float64]
    """(f,): C1."""
    spin_deg: NDArray[np.float64]
    """(n,): turn per frame in the plane."""
    tumble_deg: NDArray[np.float64]
    """(n,): tilt per frame."""
    last_frame: NDArray[np.int64]
    """(n,): the last frame in which each is there."""


def draw_motion(recipe: MovieRecipe, particles: int, room_nm: float, rng: np.random.Generator) -> MotionScript:
    """Draw what happens; the view stays within `room_nm` beyond the field's rim by turning round at its end."""
    # The view's path, folded back wherever it would leave the room around the rim.
    steps = np.array(recipe.drift_nm) + rng.normal(0, recipe.jitter_nm, (recipe.frames, 2))
    steps[0] = 0
    start = np.where(np.array(recipe.drift_nm) < 0, room_nm, np.where(np.array(recipe.drift_nm) > 0, 0, room_nm / 2))
    path = start + np.cumsum(steps, axis=0)
    folded = np.abs((path + room_nm) % (2 * room_nm) - room_nm) if room_nm > 0 else np.zeros_like(path)
    # The focus as a random walk; who spins, tumbles or vanishes, and when.
    focus = recipe.focus_nm + np.cumsum(np.r_[0, rng.normal(0, recipe.focus_step_nm, recipe.frames - 1)])
    kind = rng.random(particles)
    spins, tumbles = kind < recipe.spin_share, kind >= 1 - recipe.tumble_share
    gone = rng.random(particles) < recipe.vanish_share
    leaves = rng.integers(0, max(recipe.frames - 1, 1), particles)
    return MotionScript(
        corner_nm=RIM_NM + folded,
        focus_nm=focus,
        spin_deg=np.where(spins, rng.uniform(-recipe.spin_deg, recipe.spin_deg, particles), 0.0),
        tumble_deg=np.where(tumbles, recipe.tumble_deg, 0.0),
        last_frame=np.where(gone, leaves, recipe.frames - 1),
    )


def spun_in_plane(particle: ParticleWave, angle_deg: float) -> ParticleWave:
    """The particle turned in its plane, from x towards y about its square's middle pixel, by interpolation."""
    if angle_deg == 0:
        return particle
    size_px = particle.wave.shape[0]
    # An odd square has its middle pixel in the centre, about which `rotate` turns.
    odd = np.ones((size_px + 1 - size_px % 2,) * 2, dtype=np.complex64)
    odd[:size_px, :size_px] = particle.wave
    mask = np.zeros(odd.shape)
    mask[:size_px, :size_px] = particle.mask
    turned = [rotate(part, -angle_deg, reshape=False, order=3, cval=c) for part, c in ((odd.real, 1), (odd.imag, 0))]
    half = np.radians(angle_deg) / 2
    return replace(
        particle,
        wave=np.asarray((turned[0] + 1j * turned[1])[:size_px, :size_px], dtype=np.complex64),
        mask=rotate(mask, -angle_deg, reshape=False, order=1)[:size_px, :size_px] > 0.5,
        quaternion=product(np.array([np.cos(half), 0, 0, np.sin(half)]), particle.quaternion),
    )


def tumbling(
    atoms: Sequence[Particle], waves: Sequence[ParticleWave], recipe: WaveRecipe, axis: tuple[float, float] = (1.0, 0.0)
) -> Tumble:
    """New exit waves of tilted atoms; the axis (x, y) lies in the plane. `atoms` and `waves` belong together."""
    unit = np.array([*axis, 0.0]) / np.hypot(*axis)

    def tumble(number: int, angle_deg: float) -> ParticleWave:
        """The wave of a particle's atoms after a tilt."""
        half = np.radians(angle_deg) / 2
        tilted = turned(atoms[number], np.array([np.cos(half), *(np.sin(half) * unit)]))
        old = waves[number]
        return simulate_wave(
            tilted, recipe, torch.device("cpu"), index=old.index, energy_kev=old.energy_kev, absorption=old.absorption
        )

    return tumble


def expose_movie(
    placements: Sequence[Placement],
    film: FilmWave | None,
    grid: Grid,
    optics: Optics,
    camera: Camera,
    motion: MotionScript,
    seed: int,
    *,
    size_px: int,
    pixel_size_nm: float,
    dose_e_per_a2: float,
    tumble: Tumble | None = None,
) -> Iterator[Exposure]:
    """Frame by frame; frame n depends on `motion` and (seed, n) alone. Identities are the placements' numbers from 1.

    Raises:
        ValueError: a particle is to tumble and nobody makes its waves.
    """
    if tumble is None and motion.tumble_deg.any():
        raise ValueError("particles that tumble need new exit waves: give `tumble`")
    for number in range(len(motion.focus_nm)):
        there = [n for n in range(len(placements)) if number <= motion.last_frame[n]]
        now = [
            replace(placements[n], particle=_moved(placements[n].particle, n, number, motion, tumble)) for n in there
        ]
        yield expose_field(
            compose(film, now, grid, optics.energy_kev),
            replace(optics, c1_nm=float(motion.focus_nm[number])),
            camera,
            np.random.default_rng([seed, number]),
            size_px=size_px,
            pixel_size_nm=pixel_size_nm,
            dose_e_per_a2=dose_e_per_a2,
            corner_nm=(float(motion.corner_nm[number, 0]), float(motion.corner_nm[number, 1])),
            identities=[n + 1 for n in there],
        )


def _moved(particle: ParticleWave, n: int, frame: int, motion: MotionScript, tumble: Tumble | None) -> ParticleWave:
    """Particle n as it is in a frame: as it was, spun or tumbled."""
    if tumble is not None and motion.tumble_deg[n] and frame:
        return tumble(n, float(motion.tumble_deg[n] * frame))
    return spun_in_plane(particle, float(motion.spin_deg[n] * frame))
